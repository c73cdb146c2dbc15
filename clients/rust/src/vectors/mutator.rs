//! Bytes of servers, changed at random: blindly, and by the fields of the messages that they are.

use bytes::Bytes;

const RANGE_BYTES_MAX: usize = 64;
const DEPTH_MAX: usize = 8;

/// Varints that overflow, or say more than there is.
const LENGTHS: [&[u8]; 7] = [
    &[0],
    &[0x7f],
    &[0xff, 0x7f],
    &[0x80, 0x80, 0x80, 2],
    &[0xff, 0xff, 0xff, 0xff, 7],
    &[0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x0f],
    &[0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 1],
];

/// What it does follows from the seed and the number of the input alone.
pub(super) struct Mutator(u64);

/// A field of a message: where it and its content lie.
#[derive(Clone, Copy)]
struct Field {
    number: u64,
    wire_type: u64,
    start: usize,
    content: usize,
    end: usize,
}

impl Mutator {
    pub fn new(seed: u64, number: u64) -> Self {
        let mut made = Self(seed.wrapping_mul(0x9E37_79B9).wrapping_add(number));
        made.next();
        made
    }

    /// The next number of SplitMix64 (Steele, Lea, Flood: Fast splittable pseudorandom number generators, 2014).
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mixed = (self.0 ^ self.0 >> 30).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let mixed = (mixed ^ mixed >> 27).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ mixed >> 31
    }

    /// A number from 0 on, below `end`; 0 where that is 0.
    pub fn below(&mut self, end: usize) -> usize {
        if end <= 1 { 0 } else { (self.next() % end as u64) as usize }
    }

    pub fn one_of<'a, T>(&mut self, all: &'a [T]) -> &'a T {
        &all[self.below(all.len())]
    }

    /// Changes something, once or a few times. `others` are good bytes of the same kind.
    pub fn changed(&mut self, from: &[u8], others: &[Bytes]) -> Bytes {
        let mut data = from.to_vec();
        // Mostly once: of several changes one is likelier to be refused before another is looked at.
        let more = if self.below(4) == 0 { self.below(3) } else { 0 };
        for _ in 0..=more {
            let other = self.one_of(others).clone();
            data = if self.below(3) == 0 { self.blindly(&data, &other) } else { self.by_field(&data, &other, 0) };
        }
        data.into()
    }

    fn blindly(&mut self, data: &[u8], other: &[u8]) -> Vec<u8> {
        let at = self.below(data.len());
        let end = data.len().min(at + 1 + self.below(RANGE_BYTES_MAX));
        match self.below(9) {
            0 | 7 | 8 => {
                let mut flipped = data.to_vec();
                if !data.is_empty() {
                    flipped[at] ^= 1 << self.below(8);
                }
                flipped
            }
            1 => data[..at].to_vec(),
            2 => [&data[..at], &data[end..]].concat(),
            3 => [&data[..end], &data[at..]].concat(),
            4 => {
                let second = end + self.below(data.len() - end);
                let last = data.len().min(second + end - at);
                [&data[..at], &data[second..last], &data[end..second], &data[at..end], &data[last..]].concat()
            }
            5 => [&data[..at], &other[self.below(other.len())..]].concat(),
            _ => [&data[..at], *self.one_of(&LENGTHS), &data[end..]].concat(),
        }
    }

    /// Changes a field of a message, or of one in it; where it is none, it is changed blindly.
    fn by_field(&mut self, data: &[u8], other: &[u8], depth: usize) -> Vec<u8> {
        let Some(fields) = fields_of(data).filter(|fields| !fields.is_empty()) else {
            return self.blindly(data, other);
        };
        let field = *self.one_of(&fields);
        let (before, after) = (&data[..field.start], &data[field.end..]);
        let (whole, content) = (&data[field.start..field.end], &data[field.content..field.end]);
        let is_bytes = field.wire_type == 2;
        if is_bytes && depth < DEPTH_MAX && self.below(3) > 0 {
            let theirs = self.content_of(other, field.number);
            let inner = self.by_field(content, &theirs, depth + 1);
            return [before, &tagged(field.number, &inner), after].concat();
        }
        match self.below(7) {
            0 => [before, after].concat(),
            1 => [before, whole, whole, after].concat(),
            2 => {
                let last = *self.one_of(&fields);
                [before, after, &data[last.start..last.end]].concat()
            }
            3 if is_bytes => {
                let theirs = self.content_of(other, field.number);
                [before, &tagged(field.number, &theirs), after].concat()
            }
            3 => [before, after, whole].concat(),
            4 => {
                let tag = varint(field.number * 8 + self.below(8) as u64);
                [before, &tag, *self.one_of(&LENGTHS), content, after].concat()
            }
            5 => {
                let tag = varint((1 + self.below(40) as u64) * 8 + field.wire_type);
                [before, &tag, content, after].concat()
            }
            _ if is_bytes => [before, &tagged(field.number, &[]), after].concat(),
            _ => [before, &varint(field.number * 8), *self.one_of(&LENGTHS), after].concat(),
        }
    }

    /// The content of a field of a number of another message, or another one of that.
    fn content_of(&mut self, message: &[u8], number: u64) -> Vec<u8> {
        let Some(fields) = fields_of(message).filter(|fields| !fields.is_empty()) else {
            return message.to_vec();
        };
        let alike: Vec<Field> = fields.iter().copied().filter(|one| one.number == number).collect();
        let one = *self.one_of(if alike.is_empty() { &fields } else { &alike });
        message[one.content..one.end].to_vec()
    }
}

/// The fields of a message; None where the bytes are none.
fn fields_of(data: &[u8]) -> Option<Vec<Field>> {
    let mut fields = Vec::new();
    let mut at = 0;
    while at < data.len() {
        let start = at;
        let (tag, mut content) = read_varint(data, at)?;
        if !(8..1 << 32).contains(&tag) {
            return None;
        }
        let wire_type = tag & 7;
        let end = match wire_type {
            0 => read_varint(data, content)?.1,
            1 => content + 8,
            2 => {
                let (length, begin) = read_varint(data, content)?;
                content = begin;
                begin + usize::try_from(length).ok()?
            }
            5 => content + 4,
            _ => return None,
        };
        if end > data.len() {
            return None;
        }
        fields.push(Field { number: tag >> 3, wire_type, start, content, end });
        at = end;
    }
    Some(fields)
}

/// A varint of five bytes at most, and where it ends.
fn read_varint(data: &[u8], from: usize) -> Option<(u64, usize)> {
    let mut value = 0;
    for (place, one) in data.get(from..)?.iter().take(5).enumerate() {
        value |= u64::from(one & 0x7f) << (7 * place);
        if *one < 0x80 {
            return Some((value, from + place + 1));
        }
    }
    None
}

fn varint(value: u64) -> Vec<u8> {
    let mut out = Vec::new();
    let mut left = value;
    while left >= 0x80 {
        out.push(left as u8 | 0x80);
        left >>= 7;
    }
    out.push(left as u8);
    out
}

fn tagged(number: u64, content: &[u8]) -> Vec<u8> {
    [&varint(number * 8 + 2)[..], &varint(content.len() as u64), content].concat()
}
