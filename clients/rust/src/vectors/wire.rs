//! The tunnel, its client's end.

use zeroize::Zeroizing;

use super::{Case, List, cases, refused, run};
use crate::crypto::hex;
use crate::tunnel::handshake::{ClientHandshake, HandshakeRandom};
use crate::tunnel::key_schedule::SessionSecrets;
use crate::tunnel::session::{CallCrypto, CallPlace, FrameType};

pub(super) const TABLES: &[(&str, &[List])] = &[("wire", WIRE)];

pub(super) fn begun(inputs: &Case) -> ClientHandshake {
    let seeds: Vec<_> = inputs.list("seeds").iter().map(|one| Zeroizing::new(one.array("seed"))).collect();
    let key_bits = inputs.number("clientKeyBits");
    let shares_up_to = if seeds.len() == 1 { key_bits } else { 256 };
    let random = HandshakeRandom { hello: inputs.array("clientRandom"), seeds };
    ClientHandshake::with(key_bits, shares_up_to, random).expect("seeds make keys")
}

pub(super) fn call_of(case: &Case, call: u64, random: [u8; 16]) -> CallCrypto {
    let secrets = SessionSecrets {
        client_root: Zeroizing::new(case.array("clientRoot")),
        server_root: Zeroizing::new(case.array("serverRoot")),
        exporter: Zeroizing::new(case.array("exporter")),
    };
    let session_id = case.part("inputs").array("sessionId");
    CallCrypto::alone(CallPlace { session_id, key_bits: case.number("keyBits"), call, random }, secrets)
}

fn frame_type(frame: &Case) -> FrameType {
    FrameType::from_number(frame.number("type")).expect("a type")
}

fn check_call(case: &Case, said: &Case) {
    let CallCrypto { mut sender, mut receiver, .. } = call_of(case, said.number("call"), said.array("clientRandom"));
    let frames = said.list("frames");
    let of = |end| frames.iter().filter(move |frame| frame.text("sender") == end);
    let mut sent = 0;
    for frame in of("client") {
        // Those in between are not in the vectors.
        for _ in sent..frame.number("index") {
            sender.seal(FrameType::Message, &[0; 9]).expect("it fits");
        }
        let sealed = sender.seal(frame_type(frame), &frame.data("payload")).expect("it fits");
        assert_eq!(hex(&sealed), frame.text("message"));
        sent = frame.number("index") + 1;
    }
    // A client can't make what lies between a server's frames.
    if of("server").zip(0..).all(|(frame, place)| frame.number("index") == place) {
        for frame in of("server") {
            let (kind, payload) = receiver.open(frame.data("message")).expect("it opens");
            assert_eq!((kind, payload.as_slice()), (frame_type(frame), frame.data("payload").as_ref()));
        }
        assert!(receiver.has_ended);
    }
}

const WIRE: &[List] = &[
    ("cases", |case| {
        let inputs = case.part("inputs");
        let handshake = begun(&inputs);
        assert_eq!(hex(&handshake.hello), case.text("clientHello"));
        let finished = handshake.finish(case.data("serverHello")).expect("it is the server's");
        assert_eq!(hex(&finished.finished), case.text("clientFinished"));
        assert_eq!(hex(&finished.session.exporter()), case.text("exporter"));
        assert_eq!(finished.session.id(), inputs.array("sessionId"));
        assert_eq!(finished.rotations, inputs.list_of_data("rotations"));
        assert!(!finished.session.is_due() && finished.session.open_call().is_ok());
        for said in case.list("calls") {
            check_call(case, &said);
        }
    }),
    ("refusals", |case| {
        let inputs = cases("wire", "cases")[case.number("case") as usize].part("inputs");
        refused(begun(&inputs).finish(case.data("serverHello")), "WIRE_HANDSHAKE_FAILED");
    }),
    ("badCalls", |case| {
        let of = &cases("wire", "cases")[case.number("case") as usize];
        let mut receiver = call_of(of, case.number("call"), case.array("clientRandom")).receiver;
        for (place, message) in (0..).zip(case.list_of_data("messages")) {
            if place < case.number("good") {
                receiver.open(message).expect("it is good");
            } else {
                refused(receiver.open(message), "WIRE_FRAME_INVALID");
            }
        }
    }),
];

#[test]
fn wire() {
    run("wire", WIRE);
}
