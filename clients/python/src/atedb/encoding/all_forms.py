"""All strict forms that the vectors have, by the names of the schema."""

from typing import Final

from atedb.encoding import forms, owner_forms, wire_forms

FORMS: Final = {
    form.name: form
    for form in (
        forms.PUBLIC_KEY,
        forms.SIGNATURE,
        forms.GENESIS,
        forms.AUTHORISATION,
        forms.CONFIDENTIALITY,
        forms.WRAPPED_KEY,
        forms.ROOTS,
        forms.KEY_CHANGE,
        forms.EVENT_HEADER,
        forms.EVENT,
        forms.PRECONDITION,
        forms.SEAL_HEADER,
        forms.SEAL,
        forms.COMMIT_HEADER,
        forms.COMMIT,
        owner_forms.IDENTITY_ROTATION_HEADER,
        owner_forms.IDENTITY_ROTATION,
        wire_forms.CLIENT_HELLO,
        wire_forms.SERVER_HELLO,
        wire_forms.SERVER_PARAMETERS,
        wire_forms.SERVER_PROOF,
        wire_forms.SERVER_IDENTITY,
        wire_forms.CLIENT_FINISHED,
        wire_forms.CALL_REQUEST,
        wire_forms.CALL_RESPONSE,
    )
}
