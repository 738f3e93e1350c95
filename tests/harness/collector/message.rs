//! The wire format of Protocol Buffers: fields by number, four kinds of values.

/// A message as it was sent. One that cannot be read is a panic: an exporter must not send it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Message<'b>(pub(super) &'b [u8]);

enum Field<'b> {
    Number(u64),
    Bytes(&'b [u8]),
}

impl<'b> Message<'b> {
    /// The values of a repeated field that is text, bytes or a message.
    pub(super) fn bytes(self, number: u64) -> impl Iterator<Item = &'b [u8]> {
        self.fields().into_iter().filter_map(move |(field, value)| match value {
            Field::Bytes(bytes) if field == number => Some(bytes),
            _ => None,
        })
    }

    pub(super) fn messages(self, number: u64) -> impl Iterator<Item = Message<'b>> {
        self.bytes(number).map(Message)
    }

    pub(super) fn number(self, number: u64) -> Option<u64> {
        self.fields().into_iter().find_map(|(field, value)| match value {
            Field::Number(value) if field == number => Some(value),
            _ => None,
        })
    }

    fn fields(self) -> Vec<(u64, Field<'b>)> {
        let (mut rest, mut fields) = (self.0, Vec::new());
        while !rest.is_empty() {
            let tag = varint(&mut rest);
            let value = match tag & 7 {
                0 => Field::Number(varint(&mut rest)),
                1 => Field::Bytes(taken(&mut rest, 8)),
                2 => {
                    let length = usize::try_from(varint(&mut rest)).expect("a length");
                    Field::Bytes(taken(&mut rest, length))
                }
                5 => Field::Bytes(taken(&mut rest, 4)),
                kind => panic!("no kind {kind} of value in Protocol Buffers"),
            };
            fields.push((tag >> 3, value));
        }
        fields
    }
}

pub(super) fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).expect("texts are UTF-8")
}

fn varint(rest: &mut &[u8]) -> u64 {
    let mut value = 0;
    for shift in (0..64).step_by(7) {
        let byte = taken(rest, 1)[0];
        value |= u64::from(byte & 0x7f) << shift;
        if byte & 0x80 == 0 {
            break;
        }
    }
    value
}

fn taken<'b>(rest: &mut &'b [u8], length: usize) -> &'b [u8] {
    let (taken, left) = rest.split_at_checked(length).expect("a message ends where it says");
    *rest = left;
    taken
}
