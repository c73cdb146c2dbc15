//! The numbers of the fields of requests and answers. A test compares them with proto/.
//!
//! There are no stubs: what is in most answers is hashed or signed, and so read where it lies; the rest is few fields.

macro_rules! schema {
    ($($module:ident of $message:literal in $file:literal { $($field:ident = $number:literal,)* })*) => {
        $(
            pub(crate) mod $module {
                $(#[allow(dead_code)] pub(crate) const $field: u32 = $number;)*
            }
        )*

        /// File, message, field and number of each.
        #[cfg(test)]
        const ALL: &[(&str, &str, &str, u32)] = &[$($(($file, $message, stringify!($field), $number),)*)*];
    };
}

schema! {
    open_request of "OpenChainRequest" in "chain" {
        CHAIN_KEY = 1, KNOWN_SIZE = 3, FOR_APPEND = 4, WRITER_ID = 5, KNOWN_IDENTITY = 6, WISHES = 7,
    }
    open_response of "OpenChainResponse" in "chain" {
        SERVER_IDENTITY = 1, TRUST_MODE = 2, GENESIS = 3, HEAD = 4, NEXT_SEQUENCE = 5, CONSISTENCY = 6, WRITER = 7,
        TROUBLE = 8, DAMAGES = 9, CHECKPOINT_KEYS = 10, CHECKPOINT = 11, CHECKPOINT_CONSISTENCY = 12,
        IDENTITY_ROTATIONS = 13, OFFER = 14,
    }
    wishes of "GenesisWishes" in "chain" { PRIVATE = 1, CONFIDENTIAL = 2, }
    writer_state of "WriterState" in "chain" { NEXT_COUNTER = 1, LAST_SEAL = 2, }
    damage of "ChainDamage" in "chain" { FILE = 1, FIRST_SEQUENCE = 4, }
    tree_head of "TreeHead" in "log" { SIZE = 1, ROOT = 2, }
    ticket_request of "GetTicketRequest" in "chain" { CHAIN_KEY = 1, KEY = 3, PROOF = 4, DELEGATIONS = 5, ISSUER = 6, }
    ticket_proof of "TicketProof" in "chain" { SIGNATURE = 1, }
    ticket_response of "GetTicketResponse" in "chain" { CHALLENGE = 1, TICKET = 2, }
    challenge of "TicketChallenge" in "chain" {
        CONVERSATION_ID = 1, CHAIN_ID = 2, SERVER_IDENTITY = 3, IDENTITY_ROTATIONS = 4,
    }
    ticket of "Ticket" in "chain" { TICKET = 1, VALID_MS = 2, }
    describe_request of "DescribeChainRequest" in "chain" { CHAIN_KEY = 1, }
    describe_response of "DescribeChainResponse" in "chain" { ERASING = 20, SET_ASIDE = 48, }
    read_request of "ReadEventsRequest" in "chain" {
        CHAIN_KEY = 1, CHAIN_ID = 2, FROM_SEQUENCE = 3, END_SEQUENCE = 4, DATA_UP_TO_BYTES = 7, FROM_COMMIT = 8,
    }
    read_response of "ReadEventsResponse" in "chain" { START = 1, LOG = 2, END = 4, }
    end_of_range of "EndOfRange" in "chain" { END_COMMIT = 1, CONSISTENCY = 2, }
    start of "StartOfHistory" in "chain" {
        CHAIN_ID = 1, HEAD = 3, START_COMMIT = 4, START_SEQUENCE = 5, FRONTIER = 6, CONSISTENCY = 7,
    }
    subscribe_request of "SubscribeRequest" in "chain" {
        CHAIN_KEY = 1, CHAIN_ID = 2, SEQUENCE = 3, HEARTBEAT_MS = 6, DATA_UP_TO_BYTES = 7, FROM_COMMIT = 8,
    }
    subscribe_response of "SubscribeResponse" in "chain" {
        START = 1, LOG = 2, CAUGHT_UP = 3, FELL_BEHIND = 4, HEARTBEAT = 5, CHECKPOINT = 6,
    }
    caught_up of "CaughtUp" in "chain" { HEAD = 1, NEXT_SEQUENCE = 2, }
    event_request of "GetEventRequest" in "chain" { CHAIN_KEY = 1, CHAIN_ID = 2, PRIMARY_KEY = 3, SEQUENCE = 4, }
    event_response of "GetEventResponse" in "chain" { LOG = 1, SEQUENCE = 2, HEAD = 3, INCLUSION = 4, }
    children_request of "ListChildrenRequest" in "chain" {
        CHAIN_KEY = 1, CHAIN_ID = 2, PARENT = 3, COLLECTION = 4, AFTER = 5, LIMIT = 6,
    }
    child_position of "ChildPosition" in "chain" { COLLECTION = 1, PRIMARY_KEY = 2, }
    children_response of "ListChildrenResponse" in "chain" {
        HEAD = 1, CONSISTENCY = 2, LOG = 3, INCLUSIONS = 4, CHILDREN = 5, IS_LAST = 6,
    }
    child of "Child" in "chain" { SEQUENCE = 1, MOVED_BY = 2, }
    inclusion of "Inclusion" in "chain" { HASHES = 1, }
    load_request of "LoadDataRequest" in "chain" { CHAIN_KEY = 1, CHAIN_ID = 2, EVENTS = 3, }
    wanted_data of "WantedData" in "chain" { SEQUENCE = 1, EVENT_HASH = 2, }
    loaded_data of "LoadDataResponse" in "chain" { EVENT_HASH = 1, DATA = 2, SALT = 3, DATA_STATE = 4, REDACTION = 5, }
    keys_request of "GetKeysRequest" in "chain" { CHAIN_KEY = 1, CHAIN_ID = 2, FINGERPRINTS = 3, }
    keys_response of "GetKeysResponse" in "chain" { KEYS = 1, }
    proof_request of "GetProofRequest" in "chain" { CHAIN_KEY = 1, FROM_SIZE = 4, SIZE = 5, }
    proof_response of "GetProofResponse" in "chain" { CONSISTENCY = 8, }
    login_request of "LoginRequest" in "auth" { ACCOUNT = 1, PROOF = 2, }
    login_response of "LoginResponse" in "auth" { CHALLENGE = 1, GRANT = 2, }
    login_challenge of "LoginChallenge" in "auth" {
        CONVERSATION_ID = 1, SERVER_IDENTITY = 2, IDENTITY_ROTATIONS = 3, PASSWORD = 4,
    }
    login_proof of "LoginProof" in "auth" { SIGNATURE = 1, }
    login_grant of "AccountGrant" in "auth" { KEY_VAULT = 3, HAS_SECOND_FACTOR = 5, UNVERIFIED = 6, }
    password_costs of "PasswordCosts" in "account" { SALT = 1, MEMORY_KIB = 2, PASSES = 3, LANES = 4, }
    group_request of "GetGroupRequest" in "auth" { ABOUT = 1, PROOF = 2, }
    group_question of "GroupQuestion" in "auth" { GROUP = 1, KEY = 2, }
    group_response of "GetGroupResponse" in "auth" { CHALLENGE = 1, ACTS = 2, }
    group_challenge of "GroupChallenge" in "auth" {
        CONVERSATION_ID = 1, SERVER_IDENTITY = 2, IDENTITY_ROTATIONS = 3,
    }
    group_proof of "GroupProof" in "auth" { SIGNATURE = 1, }
    group_acts of "GroupActs" in "auth" { ACTS = 1, ACTS_IN_ALL = 2, }
    claim_request of "ClaimOwnerRequest" in "answer" { ACT = 1, }
    append_request of "AppendRequest" in "chain" { CHAIN_KEY = 16, PROOF = 17, }
    append_batch_request of "AppendBatchRequest" in "chain" { CHAIN_KEY = 16, }
    key_proof of "KeyProof" in "chain" { SIGNATURE = 1, }
    append_response of "AppendResponse" in "chain" {
        SEAL_HASH = 1, COMMITTED = 2, REJECTED = 3, CONVERSATION = 4, PROVEN = 5, ATTESTED = 6,
    }
    committed of "Committed" in "chain" { COMMIT_HEADER = 1, HEAD = 2, }
    rejected of "Rejected" in "chain" { REASON = 1, MESSAGE = 2, METADATA = 3, }
    conversation of "Conversation" in "chain" { CONVERSATION_ID = 1, }
    proven of "Proven" in "chain" { FINGERPRINT = 1, }
    lock_request of "LockRequest" in "chain" { CHAIN_KEY = 1, CHAIN_ID = 2, LOCK = 3, PROOF = 4, ALIVE = 5, }
    lock_object of "LockObject" in "chain" { PRIMARY_KEY = 1, PARENT = 2, LABEL = 3, KEY = 4, TTL_MS = 5, NO_WAIT = 6, DELEGATIONS = 7, ISSUER = 8, }
    lock_proof of "LockProof" in "chain" { SIGNATURE = 1, }
    lock_response of "LockResponse" in "chain" { CONVERSATION = 1, WAITING = 2, GRANTED = 3, ALIVE = 4, }
    granted of "Granted" in "chain" { TOKEN = 1, }
    handshake_request of "HandshakeRequest" in "wire" { CLIENT_HELLO = 1, CLIENT_FINISHED = 2, ONLY_IF_REQUIRED = 3, }
    handshake_response of "HandshakeResponse" in "wire" { SERVER_HELLO = 1, ESTABLISHED = 2, }
    call_open of "CallOpen" in "wire" { METHOD = 1, METADATA = 2, TIMEOUT_MS = 3, }
    metadata_entry of "MetadataEntry" in "wire" { NAME = 1, VALUE = 2, }
    call_status of "CallStatus" in "wire" { CODE = 1, MESSAGE = 2, DETAILS = 3, }
}

/// `google.rpc.Status`, `google.protobuf.Any` and `google.rpc.ErrorInfo`, which are not in proto/.
pub(crate) mod rpc {
    pub(crate) const STATUS_MESSAGE: u32 = 2;
    pub(crate) const STATUS_DETAILS: u32 = 3;
    pub(crate) const ANY_TYPE_URL: u32 = 1;
    pub(crate) const ANY_VALUE: u32 = 2;
    pub(crate) const INFO_REASON: u32 = 1;
    pub(crate) const INFO_DOMAIN: u32 = 2;
    pub(crate) const INFO_METADATA: u32 = 3;
    pub(crate) const MAP_KEY: u32 = 1;
    pub(crate) const MAP_VALUE: u32 = 2;
}

#[cfg(test)]
mod tests {
    use super::ALL;
    use crate::reason::Reason;

    fn proto(file: &str) -> String {
        let path = format!("{}/../../proto/atedb/v1/{file}.proto", env!("CARGO_MANIFEST_DIR"));
        std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{path}: {error}"))
    }

    #[test]
    fn fields_have_the_numbers_of_the_schema() {
        for (file, message, field, number) in ALL {
            let text = proto(file);
            let begin =
                text.find(&format!("\nmessage {message} {{")).unwrap_or_else(|| panic!("there is no {message}"));
            let body = &text[begin + 1..];
            let body = &body[..body.find("\n}").unwrap_or(body.len())];
            let due = format!("{} = {number};", field.to_lowercase());
            let is_there =
                body.lines().any(|line| line.trim_end().ends_with(&due) && line.contains(&format!(" {due}")));
            assert!(is_there, "{message} has no field {due}");
        }
    }

    #[test]
    fn reasons_are_those_of_the_schema() {
        let text = proto("errors");
        let due: Vec<(u64, String)> = text
            .lines()
            .filter_map(|line| line.trim().strip_prefix("ERROR_REASON_")?.strip_suffix(';')?.split_once(" = "))
            .map(|(name, number)| (number.parse().expect("a number"), name.to_owned()))
            .filter(|(number, _)| *number != 0)
            .collect();
        assert_eq!(due.len(), Reason::ALL.len());
        for (number, name) in due {
            assert_eq!(Reason::from_number(number).map(Reason::name), Some(name.as_str()));
            assert_eq!(Reason::from_name(&name), Reason::from_number(number));
        }
        assert_eq!(Reason::from_name("NONE_OF_THEM"), None);
    }
}
