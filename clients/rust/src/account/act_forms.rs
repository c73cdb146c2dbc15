//! The strict forms of acts, and of the seeds of keys that are wrapped or in a vault.

use crate::encoding::form_fields::{KEM_SUITES, SUITES, form, hash32, text};
use crate::encoding::forms::{PUBLIC_KEY, SIGNATURE, magics};
use crate::encoding::strict::{FieldForm, MessageForm};
use crate::limits::OWNER_BYTES_MAX;

/// Members of a group in all its roles.
pub(super) const MEMBERS_MAX: usize = 200;
pub(super) const ROLES_MAX: usize = 16;
/// Room for a group that names its members, with a wrapped key for each.
const ACT_HEADER_BYTES_MAX: usize = 1_048_576;
const ACT_SIGNATURES_MAX: usize = 16;
const ROLE_NAME_BYTES_MAX: usize = 32;
const ROLE_WRAP_BYTES_MAX: usize = 2_048;
/// A user's key, that of sudo, and those that the user had before.
const VAULT_KEYS_MAX: usize = 7;

/// Numbers of the fields of an act's header that hold what it changes.
pub(super) mod changes {
    pub(crate) const USER_CREATION: u32 = 10;
    pub(crate) const DELEGATION_REVOCATION: u32 = 13;
    pub(crate) const GROUP_CREATION: u32 = 30;
    pub(crate) const GROUP_CHANGE: u32 = 31;
    pub(crate) const GROUP_REMOVAL: u32 = 32;
}

const fn key(number: u32, name: &'static str) -> FieldForm {
    FieldForm::message(number, name, &PUBLIC_KEY)
}

form!(
    GROUP_MEMBER,
    "GroupMember",
    [text(1, "account").at_most(OWNER_BYTES_MAX), key(2, "key").required(), key(3, "sudo_key"),]
);

form!(
    ROLE_WRAP,
    "RoleWrap",
    [hash32(1, "recipient").required(), FieldForm::bytes(2, "wrapped").at_most(ROLE_WRAP_BYTES_MAX).required(),]
);

form!(
    ROLE_CHANGE,
    "RoleChange",
    [
        text(1, "name").at_most(ROLE_NAME_BYTES_MAX).required(),
        key(2, "key"),
        FieldForm::message(3, "added", &GROUP_MEMBER).repeated(MEMBERS_MAX),
        hash32(4, "removed").repeated(MEMBERS_MAX),
        // One for each member, and one for the role above.
        FieldForm::message(5, "wraps", &ROLE_WRAP).repeated(MEMBERS_MAX + 1),
    ]
);

form!(ROLES, "GroupChange", [FieldForm::message(1, "roles", &ROLE_CHANGE).repeated(ROLES_MAX).required()]);

form!(
    USER_CREATION,
    "UserCreation",
    [key(1, "key").required(), key(2, "sudo_key"), key(3, "recovery_key"), hash32(4, "secrets_hash"),]
);

form!(SECRETS_CHANGE, "SecretsChange", [hash32(1, "secrets_hash").required()]);

form!(
    USER_ROTATION,
    "UserRotation",
    [key(1, "key"), key(2, "sudo_key"), key(3, "recovery_key"), hash32(4, "secrets_hash"),]
);

form!(DELEGATION_REVOCATION, "DelegationRevocation", [hash32(1, "fingerprint").required()]);
form!(USER_REMOVAL, "UserRemoval", []);
form!(GROUP_REMOVAL, "GroupRemoval", []);

form!(
    ACT_HEADER,
    "ActHeader",
    [
        FieldForm::magic(magics::ACT_HEADER),
        text(2, "account").at_most(OWNER_BYTES_MAX).required(),
        FieldForm::varint(3, "version"),
        hash32(4, "previous"),
        FieldForm::varint(5, "time_unix_ms").required(),
        FieldForm::message(changes::USER_CREATION, "user_creation", &USER_CREATION).in_oneof(),
        FieldForm::message(11, "secrets_change", &SECRETS_CHANGE).in_oneof(),
        FieldForm::message(12, "user_rotation", &USER_ROTATION).in_oneof(),
        FieldForm::message(changes::DELEGATION_REVOCATION, "delegation_revocation", &DELEGATION_REVOCATION).in_oneof(),
        FieldForm::message(14, "user_removal", &USER_REMOVAL).in_oneof(),
        FieldForm::message(changes::GROUP_CREATION, "group_creation", &ROLES).in_oneof(),
        FieldForm::message(changes::GROUP_CHANGE, "group_change", &ROLES).in_oneof(),
        FieldForm::message(changes::GROUP_REMOVAL, "group_removal", &GROUP_REMOVAL).in_oneof(),
    ]
);

form!(
    ACT,
    "Act",
    [
        FieldForm::bytes(1, "header").at_most(ACT_HEADER_BYTES_MAX).required(),
        FieldForm::message(2, "signatures", &SIGNATURE).repeated(ACT_SIGNATURES_MAX).required(),
    ]
);

form!(
    KEY_SEEDS,
    "KeySeeds",
    [
        FieldForm::one_of(1, "suite", SUITES).required(),
        FieldForm::sized(2, "seed", 64).required(),
        FieldForm::one_of(3, "kem_suite", KEM_SUITES),
        FieldForm::sized(4, "kem_seed", 32),
    ]
);

form!(
    VAULT_KEYS,
    "VaultKeys",
    [
        FieldForm::magic(magics::VAULT_KEYS),
        FieldForm::message(2, "keys", &KEY_SEEDS).repeated(VAULT_KEYS_MAX).required(),
    ]
);
