package io.atedb.internal.client;

/**
 * Numbers of the fields of requests and answers, by the names of {@code chain.proto}, which a test
 * compares them with. They are read and written by hand, since what an answer holds must be
 * verified as the bytes that came.
 */
final class Schema {
  private Schema() {}

  static final class OpenChainRequest {
    static final int CHAIN_KEY = 1;
    static final int CHAIN_ID = 2;
    static final int KNOWN_SIZE = 3;
    static final int FOR_APPEND = 4;
    static final int WRITER_ID = 5;
    static final int KNOWN_IDENTITY = 6;
    static final int WISHES = 7;
  }

  static final class GenesisWishes {
    static final int PRIVATE = 1;
    static final int CONFIDENTIAL = 2;
  }

  static final class OpenChainResponse {
    static final int SERVER_IDENTITY = 1;
    static final int TRUST_MODE = 2;
    static final int GENESIS = 3;
    static final int HEAD = 4;
    static final int NEXT_SEQUENCE = 5;
    static final int CONSISTENCY = 6;
    static final int WRITER = 7;
    static final int TROUBLE = 8;
    static final int DAMAGES = 9;
    static final int CHECKPOINT_KEYS = 10;
    static final int CHECKPOINT = 11;
    static final int CHECKPOINT_CONSISTENCY = 12;
    static final int IDENTITY_ROTATIONS = 13;
    static final int OFFER = 14;
  }

  static final class WriterState {
    static final int NEXT_COUNTER = 1;
    static final int LAST_SEAL = 2;
  }

  static final class ChainDamage {
    static final int FILE = 1;
    static final int FIRST_SEQUENCE = 4;
  }

  static final class PasswordCosts {
    static final int SALT = 1;
    static final int MEMORY_KIB = 2;
    static final int PASSES = 3;
    static final int LANES = 4;
  }

  static final class LoginChallenge {
    static final int CONVERSATION_ID = 1;
    static final int SERVER_IDENTITY = 2;
    static final int IDENTITY_ROTATIONS = 3;
    static final int PASSWORD = 4;
  }

  static final class LoginProof {
    static final int SIGNATURE = 1;
  }

  static final class LoginRequest {
    static final int ACCOUNT = 1;
    static final int PROOF = 2;
  }

  static final class LoginResponse {
    static final int CHALLENGE = 1;
    static final int GRANT = 2;
  }

  static final class AccountGrant {
    static final int KEY_VAULT = 3;
    static final int HAS_SECOND_FACTOR = 5;
    static final int UNVERIFIED = 6;
  }

  static final class GroupQuestion {
    static final int GROUP = 1;
    static final int KEY = 2;
  }

  static final class GroupProof {
    static final int SIGNATURE = 1;
  }

  static final class GetGroupRequest {
    static final int ABOUT = 1;
    static final int PROOF = 2;
  }

  static final class GetGroupResponse {
    static final int CHALLENGE = 1;
    static final int ACTS = 2;
  }

  static final class GroupActs {
    static final int ACTS = 1;
    static final int ACTS_IN_ALL = 2;
  }

  static final class ClaimOwnerRequest {
    static final int ACT = 1;
  }

  static final class GetTicketRequest {
    static final int CHAIN_KEY = 1;
    static final int KEY = 3;
    static final int PROOF = 4;
    static final int DELEGATIONS = 5;
    static final int ISSUER = 6;
  }

  static final class TicketProof {
    static final int SIGNATURE = 1;
  }

  static final class GetTicketResponse {
    static final int CHALLENGE = 1;
    static final int TICKET = 2;
  }

  static final class TicketChallenge {
    static final int CONVERSATION_ID = 1;
    static final int CHAIN_ID = 2;
    static final int SERVER_IDENTITY = 3;
    static final int IDENTITY_ROTATIONS = 4;
  }

  static final class Ticket {
    static final int TICKET = 1;
    static final int VALID_MS = 2;
  }

  static final class SubscribeRequest {
    static final int CHAIN_KEY = 1;
    static final int CHAIN_ID = 2;
    static final int SEQUENCE = 3;
    static final int HEARTBEAT_MS = 6;
    static final int DATA_UP_TO_BYTES = 7;
    static final int FROM_COMMIT = 8;
  }

  static final class StartOfHistory {
    static final int CHAIN_ID = 1;
    static final int HEAD = 3;
    static final int START_COMMIT = 4;
    static final int START_SEQUENCE = 5;
    static final int FRONTIER = 6;
    static final int CONSISTENCY = 7;
  }

  static final class CaughtUp {
    static final int HEAD = 1;
  }

  static final class FellBehind {
    static final int HEAD = 1;
  }

  static final class Heartbeat {
    static final int HEAD = 1;
  }

  static final class SubscribeResponse {
    static final int START = 1;
    static final int LOG = 2;
    static final int CAUGHT_UP = 3;
    static final int FELL_BEHIND = 4;
    static final int HEARTBEAT = 5;
    static final int CHECKPOINT = 6;
  }

  static final class ReadEventsRequest {
    static final int CHAIN_KEY = 1;
    static final int CHAIN_ID = 2;
    static final int FROM_SEQUENCE = 3;
    static final int END_SEQUENCE = 4;
    static final int DATA_UP_TO_BYTES = 7;
    static final int FROM_COMMIT = 8;
  }

  static final class ListChildrenRequest {
    static final int CHAIN_KEY = 1;
    static final int CHAIN_ID = 2;
    static final int PARENT = 3;
    static final int COLLECTION = 4;
    static final int AFTER = 5;
    static final int LIMIT = 6;
  }

  static final class ChildPosition {
    static final int COLLECTION = 1;
    static final int PRIMARY_KEY = 2;
  }

  static final class ListChildrenResponse {
    static final int HEAD = 1;
    static final int CONSISTENCY = 2;
    static final int LOG = 3;
    static final int INCLUSIONS = 4;
    static final int CHILDREN = 5;
    static final int IS_LAST = 6;
  }

  static final class Inclusion {
    static final int HASHES = 1;
  }

  static final class Child {
    static final int SEQUENCE = 1;
    static final int MOVED_BY = 2;
  }

  static final class LoadDataRequest {
    static final int CHAIN_KEY = 1;
    static final int CHAIN_ID = 2;
    static final int EVENTS = 3;
  }

  static final class WantedData {
    static final int SEQUENCE = 1;
    static final int EVENT_HASH = 2;
  }

  static final class LoadDataResponse {
    static final int EVENT_HASH = 1;
    static final int DATA = 2;
    static final int SALT = 3;
    static final int DATA_STATE = 4;
    static final int REDACTION = 5;
  }

  static final class ReadEventsResponse {
    static final int START = 1;
    static final int LOG = 2;
    static final int END = 4;
  }

  static final class EndOfRange {
    static final int END_COMMIT = 1;
    static final int CONSISTENCY = 2;
  }

  static final class GetEventRequest {
    static final int CHAIN_KEY = 1;
    static final int CHAIN_ID = 2;
    static final int PRIMARY_KEY = 3;
    static final int SEQUENCE = 4;
  }

  static final class GetEventResponse {
    static final int LOG = 1;
    static final int SEQUENCE = 2;
    static final int HEAD = 3;
    static final int INCLUSION = 4;
  }

  static final class GetKeysRequest {
    static final int CHAIN_KEY = 1;
    static final int CHAIN_ID = 2;
    static final int FINGERPRINTS = 3;
  }

  static final class GetKeysResponse {
    static final int KEYS = 1;
  }

  static final class GetProofRequest {
    static final int CHAIN_KEY = 1;
    static final int CHAIN_ID = 2;
    static final int FROM_SIZE = 4;
    static final int SIZE = 5;
  }

  static final class GetProofResponse {
    static final int CONSISTENCY = 8;
  }

  static final class AppendRequest {
    static final int CHAIN_KEY = 16;
    static final int PROOF = 17;
  }

  static final class KeyProof {
    static final int SIGNATURE = 1;
  }

  static final class AppendResponse {
    static final int SEAL_HASH = 1;
    static final int COMMITTED = 2;
    static final int REJECTED = 3;
    static final int CONVERSATION = 4;
    static final int PROVEN = 5;
  }

  static final class Committed {
    static final int COMMIT_HEADER = 1;
    static final int HEAD = 2;
  }

  static final class Rejected {
    static final int REASON = 1;
    static final int MESSAGE = 2;
    static final int METADATA = 3;
  }

  static final class Conversation {
    static final int CONVERSATION_ID = 1;
  }

  static final class Proven {
    static final int FINGERPRINT = 1;
  }

  static final class DescribeChainRequest {
    static final int CHAIN_KEY = 1;
  }

  static final class DescribeChainResponse {
    static final int ERASING = 20;
  }

  static final class LockObject {
    static final int PRIMARY_KEY = 1;
    static final int PARENT = 2;
    static final int LABEL = 3;
    static final int KEY = 4;
    static final int TTL_MS = 5;
    static final int NO_WAIT = 6;
    static final int DELEGATIONS = 7;
    static final int ISSUER = 8;
  }

  static final class LockProof {
    static final int SIGNATURE = 1;
  }

  static final class LockRequest {
    static final int CHAIN_KEY = 1;
    static final int CHAIN_ID = 2;
    static final int LOCK = 3;
    static final int PROOF = 4;
    static final int ALIVE = 5;
  }

  static final class Granted {
    static final int TOKEN = 1;
  }

  static final class LockResponse {
    static final int CONVERSATION = 1;
    static final int WAITING = 2;
    static final int GRANTED = 3;
    static final int ALIVE = 4;
  }

  static final class TreeHead {
    static final int SIZE = 1;
    static final int ROOT = 2;
  }

  static final class Deletion {
    static final int HEAD = 1;
    static final int SIGNATURE = 2;
  }

  static final class DeleteChainRequest {
    static final int CHAIN_KEY = 1;
    static final int CHAIN_ID = 2;
    static final int DELETION = 3;
  }

  static final class DeleteChainResponse {
    static final int CONVERSATION = 1;
    static final int DELETED = 2;
  }
}
