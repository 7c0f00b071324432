//! What is redacted only when asked for: IP addresses and telephone numbers.

use std::net::{Ipv4Addr, Ipv6Addr};

use super::Class;
use super::ascii::{self, ALNUM, ANY_HEX, DIGIT, DOT, WORD};
use super::finding::Findings;

/// Finds IP addresses.
pub(crate) fn scan_addresses(text: &str, findings: &mut Findings) {
    let bytes = text.as_bytes();
    let mut from = 0;
    while let Some(found) = ascii::part(bytes, from, bytes.len())
        .iter()
        .position(|byte| ascii::is(*byte, ANY_HEX) || *byte == b':')
    {
        let start = from + found;
        let length = ascii::part(bytes, start, bytes.len())
            .iter()
            .position(|byte| !(ascii::is(*byte, ANY_HEX | DOT) || *byte == b':'));
        let mut end = length.map_or(bytes.len(), |length| start + length);
        from = end;
        let in_word = ascii::is(ascii::before(bytes, start), WORD)
            || ascii::is(ascii::at(bytes, end), WORD)
            || end - start < 3
            || end - start > 64;
        while end > start
            && matches!(ascii::before(bytes, end), b'.' | b':')
            && ascii::before(bytes, end - 1) != b':'
        {
            end -= 1;
        }
        if !in_word && is_address(ascii::cut(text, start, end)) {
            findings.add(start, end, Class::IpAddress, "IP address");
        }
    }
}

fn is_address(text: &str) -> bool {
    // A port may follow; `::` alone and times such as `12:30` are no addresses.
    let host = text.split_once(':').map_or(text, |(host, _)| host);
    host.parse::<Ipv4Addr>().is_ok()
        || (text.len() > 4
            && text
                .parse::<Ipv6Addr>()
                .is_ok_and(|ip| !ip.is_unspecified()))
}

/// Finds telephone numbers in international form: `+`, then 8 to 15 digits (ITU-T E.164).
pub(crate) fn scan_phones(bytes: &[u8], findings: &mut Findings) {
    for start in memchr::memchr_iter(b'+', bytes) {
        if ascii::is(ascii::before(bytes, start), ALNUM) {
            continue;
        }
        let (mut digits, mut end) = (0, start + 1);
        let mut position = start + 1;
        while position < start + 24 {
            match ascii::at(bytes, position) {
                byte if ascii::is(byte, DIGIT) => {
                    digits += 1;
                    end = position + 1;
                }
                b' ' | b'-' | b'.' | b'(' | b')' => {}
                _ => break,
            }
            position += 1;
        }
        if (8..=15).contains(&digits) && !ascii::is(ascii::at(bytes, end), ALNUM) {
            findings.add(start, end, Class::Phone, "telephone number");
        }
    }
}
