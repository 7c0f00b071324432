//! Headers in and out, as the test suite of W3C Trace Context demands; `OTEL_PROPAGATORS`.

use std::collections::HashMap;

use kaos_hooks::{Hooks, Incoming, SpanContext};
use kaos_otel_hook::{OTelHook, Propagators, Telemetry};
use opentelemetry::Context;
use opentelemetry::baggage::{BaggageExt as _, BaggageMetadata, KeyValueMetadata};
use opentelemetry::propagation::{Extractor, TextMapPropagator as _};
use opentelemetry::trace::TraceContextExt as _;
use proptest::prelude::*;

mod turns;

const TRACE: &str = "12345678901234567890123456789012";
const VALID: &str = "00-12345678901234567890123456789012-1234567890123456-00";

/// A request's headers, in order, as a carrier that knows repeated ones.
#[derive(Debug)]
struct Headers(Vec<(String, String)>);

impl Headers {
    fn new(headers: &[(&str, &str)]) -> Self {
        let owned = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
        Self(headers.iter().map(owned).collect())
    }
}

impl Extractor for Headers {
    /// Of this very name, to see that names in another case are found all the same.
    fn get(&self, name: &str) -> Option<&str> {
        self.get_all(name)?.first().copied()
    }

    fn keys(&self) -> Vec<&str> {
        self.0.iter().map(|(name, _)| name.as_str()).collect()
    }

    fn get_all(&self, name: &str) -> Option<Vec<&str>> {
        let values: Vec<_> = self
            .0
            .iter()
            .filter(|(known, _)| known == name)
            .map(|(_, value)| value.as_str())
            .collect();
        (!values.is_empty()).then_some(values)
    }
}

/// What the three ways in say, which must be the same; and how many headers are malformed.
#[track_caller]
fn extracted(headers: &[(&str, &str)]) -> (Option<SpanContext>, u64) {
    let (incoming, malformed) = incoming(headers);
    (incoming.span, malformed)
}

/// The same, with the baggage.
#[track_caller]
fn incoming(headers: &[(&str, &str)]) -> (Incoming, u64) {
    let carrier = Headers::new(headers);
    let propagators = Propagators::default();
    let parent = propagators.extract(&carrier);
    let malformed = propagators.malformed();

    let (telemetry, _memory) = Telemetry::in_memory();
    let hook = OTelHook::with_provider(telemetry.tracer_provider().unwrap());
    let counted = hook.propagators().clone();
    let by_hooks = Hooks::new(hook).extract(headers.iter().copied());
    assert_eq!(by_hooks, parent, "{headers:?}");
    assert_eq!(counted.malformed(), malformed, "{headers:?}");

    let context = propagators.extract_with_context(&Context::new(), &carrier);
    let incoming = Incoming::from(parent);
    let has_span = incoming.span.is_some();
    assert_eq!(context.has_active_span(), has_span, "{headers:?}");
    (incoming, malformed)
}

#[track_caller]
fn accepted(traceparent: &str) {
    let (parent, malformed) = extracted(&[("traceparent", traceparent)]);
    let parent = parent.unwrap_or_else(|| panic!("{traceparent:?} is refused"));
    assert_eq!(parent.trace_id.to_string(), TRACE);
    assert_eq!(parent.span_id.to_string(), "1234567890123456");
    assert!(parent.remote);
    assert_eq!(malformed, 0);
}

#[track_caller]
fn refused(traceparent: &str) {
    let (parent, malformed) = extracted(&[("traceparent", traceparent)]);
    assert_eq!(parent, None, "{traceparent:?}");
    assert_eq!(malformed, 1, "{traceparent:?} is counted");
}

#[test]
fn a_well_formed_traceparent_is_accepted() {
    accepted(VALID);
    accepted("00-12345678901234567890123456789012-1234567890123456-01");
    // Versions to come, and what they may add.
    accepted("01-12345678901234567890123456789012-1234567890123456-01");
    accepted("fe-12345678901234567890123456789012-1234567890123456-01");
    accepted("cc-12345678901234567890123456789012-1234567890123456-01");
    accepted("cc-12345678901234567890123456789012-1234567890123456-01-");
    accepted(
        "cc-12345678901234567890123456789012-1234567890123456-01-what-the-future-will-be-like",
    );
    accepted(&format!("cc{}-{}", &VALID[2..], "f".repeat(512 - 56)));
    for (before, after) in [(" ", ""), ("\t", ""), ("", " "), ("", "\t"), ("\t ", " \t")] {
        accepted(&format!("{before}{VALID}{after}"));
    }
}

#[test]
fn a_malformed_traceparent_is_refused_and_counted() {
    refused("");
    refused("-");
    refused("00-12345678901234567890123456789012-1234567890123456-01.");
    refused("00-12345678901234567890123456789012-1234567890123456-01-");
    refused("00-12345678901234567890123456789012-1234567890123456-01-what-the-future-will-be-like");
    refused("cc-12345678901234567890123456789012-1234567890123456-01.what-the-future-will-be-like");
    refused("cc-12345678901234567890123456789012-1234567890123456-01-a b");
    refused(&format!("cc{}-{}", &VALID[2..], "f".repeat(513 - 56)));
    refused("ff-12345678901234567890123456789012-1234567890123456-01");
    // Illegal characters.
    refused(".0-12345678901234567890123456789012-1234567890123456-01");
    refused("0.-12345678901234567890123456789012-1234567890123456-01");
    refused("+1-12345678901234567890123456789012-1234567890123456-01");
    refused("00-.2345678901234567890123456789012-1234567890123456-01");
    refused("00-1234567890123456789012345678901.-1234567890123456-01");
    refused("00-+2345678901234567890123456789012-1234567890123456-01");
    refused("00-12345678901234567890123456789012-.234567890123456-01");
    refused("00-12345678901234567890123456789012-123456789012345.-01");
    refused("00-12345678901234567890123456789012-1234567890123456-.0");
    refused("00-12345678901234567890123456789012-1234567890123456-0.");
    refused("00-12345678901234567890123456789012-1234567890123456-+1");
    refused("00_12345678901234567890123456789012-1234567890123456-01");
    refused("00-1234567890123456789012345678901é-1234567890123456-01");
    // Upper case.
    refused("CC-12345678901234567890123456789012-1234567890123456-01");
    refused("00-ABCDEF78901234567890123456789012-1234567890123456-01");
    refused("00-12345678901234567890123456789012-ABCDEF7890123456-01");
    refused("00-12345678901234567890123456789012-1234567890123456-0A");
    // Too long, too short.
    refused("000-12345678901234567890123456789012-1234567890123456-01");
    refused("0000-12345678901234567890123456789012-1234567890123456-01");
    refused("0-12345678901234567890123456789012-1234567890123456-01");
    refused("00-123456789012345678901234567890123-1234567890123456-01");
    refused("00-1234567890123456789012345678901-1234567890123456-01");
    refused("00-12345678901234567890123456789012-12345678901234567-01");
    refused("00-12345678901234567890123456789012-123456789012345-01");
    refused("00-12345678901234567890123456789012-1234567890123456-001");
    refused("00-12345678901234567890123456789012-1234567890123456-1");
    refused("00-12345678901234567890123456789012-1234567890123456");
    // Zero.
    refused("00-00000000000000000000000000000000-1234567890123456-01");
    refused("00-12345678901234567890123456789012-0000000000000000-01");
    // Spaces inside.
    refused("00 -12345678901234567890123456789012-1234567890123456-01");
    refused("00-12345678901234567890123456789012-1234567890123456-01\n");
    refused(&format!("{VALID},{VALID}"));
}

#[test]
fn a_repeated_traceparent_is_malformed() {
    let (parent, malformed) = extracted(&[("traceparent", VALID), ("traceparent", VALID)]);
    assert_eq!((parent, malformed), (None, 1));
    let other = "00-12345678901234567890123456789011-1234567890123456-01";
    let (parent, malformed) = extracted(&[("traceparent", other), ("traceparent", VALID)]);
    assert_eq!((parent, malformed), (None, 1));
}

#[test]
fn header_names_match_in_any_case_and_only_themselves() {
    for name in ["TraceParent", "TrAcEpArEnT", "TRACEPARENT"] {
        let (incoming, _) = incoming(&[(name, VALID), ("TRACEstate", "foo=1"), ("Baggage", "a=1")]);
        assert_eq!(incoming.span.unwrap().trace_state, "foo=1");
        assert_eq!(incoming.baggage, "a=1");
    }
    for name in ["trace-parent", "trace.parent", "traceparents"] {
        assert_eq!(extracted(&[(name, VALID)]), (None, 0));
    }
    for name in ["trace-state", "trace.state"] {
        let (parent, _) = extracted(&[("traceparent", VALID), (name, "foo=1")]);
        assert_eq!(parent.unwrap().trace_state, "");
    }
}

#[test]
fn a_header_that_is_not_text_is_malformed() {
    let provider = opentelemetry_sdk::trace::SdkTracerProvider::default();
    let hook = OTelHook::with_provider(&provider);
    let counted = hook.propagators().clone();
    let hooks = Hooks::new(hook);
    let headers: [(&str, &[u8]); 1] = [("traceparent", &VALID.as_bytes()[..40])];
    assert_eq!(hooks.extract(headers), None);
    let headers: [(&str, &[u8]); 2] = [("traceparent", VALID.as_bytes()), ("traceparent", b"\xff")];
    assert_eq!(hooks.extract(headers), None);
    assert_eq!(counted.malformed(), 2);
    let headers: [(&str, &[u8]); 2] = [
        ("traceparent", VALID.as_bytes()),
        ("tracestate", b"foo=\xff"),
    ];
    let span = hooks.extract(headers).unwrap().span;
    assert_eq!(span.unwrap().trace_state, "");
}

#[test]
fn a_hash_map_is_a_carrier_both_ways() {
    let mut headers = HashMap::from([("traceparent".to_owned(), VALID.to_owned())]);
    let propagators = Propagators::default();
    assert!(propagators.extract(&headers).is_some());
    assert!(Hooks::new(OTelHook::new()).extract(&headers).is_some());

    let context = propagators.extract_with_context(&Context::new(), &headers);
    headers.clear();
    propagators.inject_context(&context, &mut headers);
    assert_eq!(headers["traceparent"], VALID);
}

/// The `tracestate` of a request with these values of it goes in, and out the same.
#[track_caller]
fn check_state(values: &[&str], expected: &str) {
    let mut headers = vec![("traceparent", VALID)];
    headers.extend(values.iter().map(|value| ("tracestate", *value)));
    let (parent, malformed) = extracted(&headers);
    let parent = parent.unwrap_or_else(|| panic!("{values:?}: traceparent is used"));
    assert_eq!(parent.trace_id.to_string(), TRACE);
    assert_eq!(parent.trace_state, expected, "{values:?}");
    assert_eq!(malformed, 0);

    let propagators = Propagators::default();
    let context = propagators.extract_with_context(&Context::new(), &Headers::new(&headers));
    let mut out = HashMap::new();
    propagators.inject_context(&context, &mut out);
    let injected = out.get("tracestate").map_or("", String::as_str);
    assert_eq!(injected, expected, "{values:?}");
}

#[test]
fn a_well_formed_tracestate_is_handed_on() {
    check_state(&[], "");
    check_state(&["foo=1"], "foo=1");
    check_state(&["foo=1,bar=2"], "foo=1,bar=2");
    // Empty headers and members.
    check_state(&[""], "");
    check_state(&["foo=1", ""], "foo=1");
    check_state(&["", "foo=1"], "foo=1");
    check_state(&[",foo=1,, ,bar=2,"], "foo=1,bar=2");
    // Several headers, in order.
    check_state(
        &["foo=1,bar=2", "rojo=1,congo=2", "baz=3"],
        "foo=1,bar=2,rojo=1,congo=2,baz=3",
    );
    // Optional white space.
    for value in [
        "foo=1 \t , \t bar=2, \t baz=3",
        "foo=1\t \t,\t \tbar=2,\t \tbaz=3",
    ] {
        check_state(&[value], "foo=1,bar=2,baz=3");
    }
    for value in [" foo=1", "\tfoo=1", "foo=1 ", "foo=1\t", "\t foo=1 \t"] {
        check_state(&[value], "foo=1");
    }
    check_state(&["foo= 1 2"], "foo= 1 2");
    // All allowed characters.
    let key: String = ('a'..='z').chain('0'..='9').chain("_-*/".chars()).collect();
    let value: String = (' '..='~').filter(|char| !",=".contains(*char)).collect();
    for key in [format!("{key}@a-z0-9_-*/"), key] {
        let member = format!("{key}={value}");
        check_state(&[&member], &member);
    }
    // As long and as many as may be.
    let longest = [
        format!("{}=1", "z".repeat(256)),
        format!("{}@{}=1", "t".repeat(241), "v".repeat(14)),
        format!("{}@{}=1", "t".repeat(241), "v".repeat(13)),
        format!("z={}", "v".repeat(256)),
    ];
    for member in &longest {
        check_state(&["foo=1", member], &format!("foo=1,{member}"));
    }
    check_state(&[&members(1..=10), &members(11..=32)], &members(1..=32));
}

fn members(numbers: std::ops::RangeInclusive<u32>) -> String {
    let members: Vec<_> = numbers.map(|n| format!("bar{n:02}={n:02}")).collect();
    members.join(",")
}

#[test]
fn a_malformed_tracestate_is_discarded_and_the_traceparent_used() {
    for values in [
        &["foo=1,foo=1"][..],
        &["foo=1,foo=2"],
        &["foo=1", "foo=1"],
        &["foo=1", "foo=2"],
    ] {
        check_state(values, "");
    }
    for value in [
        // Keys.
        "foo =1",
        "FOO=1",
        "foo.bar=1",
        "=1",
        "_foo=1",
        "é=1",
        "foo@=1,bar=2",
        "@foo=1,bar=2",
        "foo@@bar=1,bar=2",
        "foo@bar@baz=1,bar=2",
        "foo@_bar=1",
        // Values.
        "foo=bar=baz",
        "foo=,bar=3",
        "foo,bar=3",
        "foo=a\tb",
        "foo=\u{7f}",
        "foo=é",
        "foo==1",
    ] {
        check_state(&[value], "");
    }
    for member in [
        format!("{}=1", "z".repeat(257)),
        format!("{}@v=1", "t".repeat(242)),
        format!("t@{}=1", "v".repeat(15)),
        format!("z={}", "v".repeat(257)),
    ] {
        check_state(&["foo=1", &member], "");
    }
    check_state(&[&members(1..=33)], "");
    check_state(&[&members(1..=10), &members(11..=33)], "");
}

#[test]
fn a_tracestate_without_a_traceparent_is_discarded() {
    assert_eq!(extracted(&[("tracestate", "foo=1")]), (None, 0));
}

#[test]
fn flags_that_nobody_knows_go_no_further() {
    for (flags, expected) in [
        ("00", "00"),
        ("01", "01"),
        ("02", "02"),
        ("ff", "03"),
        ("fc", "00"),
    ] {
        let headers = Headers::new(&[("traceparent", &format!("{}{flags}", &VALID[..53]))]);
        let propagators = Propagators::default();
        let context = propagators.extract_with_context(&Context::new(), &headers);
        let mut out = HashMap::new();
        propagators.inject_context(&context, &mut out);
        assert_eq!(out["traceparent"], format!("{}{expected}", &VALID[..53]));
    }
}

/// The `baggage` of a request with these values of it.
#[track_caller]
fn check_baggage(values: &[&str], expected: &str) {
    // Whatever else there is, or is wrong.
    for parent in [Some(VALID), Some("nonsense"), None] {
        let mut headers: Vec<_> = parent.map(|it| ("traceparent", it)).into_iter().collect();
        headers.extend(values.iter().map(|value| ("baggage", *value)));
        let (incoming, malformed) = incoming(&headers);
        assert_eq!(incoming.baggage, expected, "{values:?}");
        assert_eq!(incoming.span.is_some(), parent == Some(VALID));
        assert_eq!(malformed, u64::from(parent == Some("nonsense")));
    }
}

#[test]
fn baggage_is_kept_as_received_within_its_limits() {
    check_baggage(&[], "");
    check_baggage(&["a=1"], "a=1");
    check_baggage(&["a=1,b=2", "c=3"], "a=1,b=2,c=3");
    check_baggage(&[" a = 1 ;p=2 ; q , b=%20x=y\t"], "a = 1 ;p=2 ; q,b=%20x=y");
    check_baggage(&["a="], "a=");
    // Malformed members, between good ones.
    for member in [
        "", "b", "=2", "b c=2", "b=2 3", "b=\"2\"", "b=2\\", "b=é", "b=2;", "b=2;=", "b=2;p q",
    ] {
        check_baggage(&[&format!("a=1,{member},c=3")], "a=1,c=3");
    }
    check_baggage(&[&members(1..=65)], &members(1..=64));
    let longest = format!("a={}", "v".repeat(8190));
    check_baggage(&[&longest], &longest);
    check_baggage(&[&format!("{longest},b=2")], &longest);
    check_baggage(&[&format!("{longest}v,b=2")], "b=2");
}

/// What the header becomes on its way through OpenTelemetry's own baggage.
#[track_caller]
fn check_through(received: &str, sent: &str) {
    let propagators = Propagators::default();
    let headers = Headers::new(&[("baggage", received)]);
    let context = propagators.extract_with_context(&Context::new(), &headers);
    let mut out = HashMap::new();
    propagators.inject_context(&context, &mut out);
    assert_eq!(out.get("baggage").map_or("", String::as_str), sent);
}

#[test]
fn baggage_is_decoded_and_encoded_without_loss() {
    check_through("b=2,a=1", "a=1,b=2");
    check_through("a = 1 ; p=%2C; q", "a=1;p=%2C; q");
    check_through("a=%2525%20%2C%C3%A9", "a=%2525%20%2C%C3%A9");
    check_through("a=100%,b=%zz", "a=100%25,b=%25zz");
    check_through("a=%FF", "a=%EF%BF%BD");
    check_through("nonsense", "");
    let members = [
        KeyValueMetadata::new("a", "x, \"y\"\r\n", BaggageMetadata::default()),
        KeyValueMetadata::new("b", "2", "p\r\nevil: header"),
    ];
    let mut out = HashMap::new();
    let context = Context::new().with_baggage(members.to_vec());
    Propagators::default().inject_context(&context, &mut out);
    let expected = HashMap::from([(
        "baggage".to_owned(),
        "a=x%2C%20%22y%22%0D%0A,b=2".to_owned(),
    )]);
    assert_eq!(out, expected, "without a span there is only the baggage");
}

/// `OTEL_PROPAGATORS`, what it makes of it, and the warnings.
#[track_caller]
fn check_list(list: Option<&str>, fields: &[&str], warnings: &[&str]) {
    let (propagators, said) = Propagators::from_list(list);
    assert_eq!(propagators.fields().collect::<Vec<_>>(), fields, "{list:?}");
    assert_eq!(said, warnings, "{list:?}");

    let received = [
        ("traceparent", VALID),
        ("tracestate", "foo=1"),
        ("baggage", "a=1"),
    ];
    let headers = Headers::new(&received);
    let context = propagators.extract_with_context(&Context::new(), &headers);
    let mut out = HashMap::new();
    propagators.inject_context(&context, &mut out);
    let mut sent: Vec<_> = out.keys().map(String::as_str).collect();
    sent.sort_by_key(|name| fields.iter().position(|field| field == name));
    assert_eq!(sent, fields, "{list:?}");
    let mut all = HashMap::new();
    let context = Propagators::default().extract_with_context(&Context::new(), &headers);
    propagators.inject_context(&context, &mut all);
    assert_eq!(all, out, "what is not chosen is not written");
}

#[test]
fn otel_propagators_chooses_headers_and_warns_of_what_it_does_not_know() {
    let both = ["traceparent", "tracestate", "baggage"];
    for list in [
        None,
        Some(""),
        Some(" , "),
        Some("baggage,tracecontext"),
        Some(" TraceContext ,baggage,baggage,"),
    ] {
        check_list(list, &both, &[]);
    }
    check_list(Some("tracecontext"), &both[..2], &[]);
    check_list(Some("baggage"), &both[2..], &[]);
    check_list(Some("none"), &[], &[]);
    check_list(
        Some("b3,tracecontext,b3,jaeger"),
        &both[..2],
        &[
            r#"OTEL_PROPAGATORS: "b3" is not supported; used instead: tracecontext"#,
            r#"OTEL_PROPAGATORS: "jaeger" is not supported; used instead: tracecontext"#,
        ],
    );
    check_list(
        Some("xray"),
        &both,
        &[r#"OTEL_PROPAGATORS: "xray" is not supported; used instead: tracecontext,baggage"#],
    );
    check_list(
        Some("none,baggage"),
        &both[2..],
        &[r#"OTEL_PROPAGATORS: "none" stands beside others; used instead: baggage"#],
    );
    check_list(
        Some("none,b3"),
        &[],
        &[r#"OTEL_PROPAGATORS: "b3" is not supported; used instead: none"#],
    );
}

fn sent(propagators: &Propagators, headers: &[(&str, &str)]) -> HashMap<String, String> {
    let context = propagators.extract_with_context(&Context::new(), &Headers::new(headers));
    let mut out = HashMap::new();
    propagators.inject_context(&context, &mut out);
    out
}

proptest! {
    #[test]
    fn what_is_formatted_is_parsed_to_the_same(
        trace in 1..=u128::MAX, span in 1..=u64::MAX, flags in 0..4_u8,
        state in proptest::collection::btree_map("[a-z0-9][a-z0-9_*/-]{0,20}(@[a-z0-9]{1,14})?", "[!-+--<>-~]{1,20}", 0..=32),
        baggage in proptest::collection::btree_map("[!#$%&'*+.^_`|~0-9A-Za-z-]{1,10}", "[0-9A-Za-z:/=?-]{0,20}", 0..=64),
    ) {
        let list = |map: &std::collections::BTreeMap<String, String>| {
            map.iter().map(|(key, value)| format!("{key}={value}")).collect::<Vec<_>>().join(",")
        };
        let traceparent = format!("00-{trace:032x}-{span:016x}-{flags:02x}");
        let (state, baggage) = (list(&state), list(&baggage));
        let mut headers = vec![("traceparent", traceparent.as_str())];
        headers.extend((!state.is_empty()).then_some(("tracestate", state.as_str())));
        headers.extend((!baggage.is_empty()).then_some(("baggage", baggage.as_str())));
        let out = sent(&Propagators::default(), &headers);
        let expected: HashMap<_, _> =
            headers.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        prop_assert_eq!(out, expected);
    }

    #[test]
    fn arbitrary_bytes_never_panic_and_what_is_sent_is_stable(
        parent in prop_oneof![Just(VALID.as_bytes().to_vec()), any::<Vec<u8>>(), "[0-9a-fA-F.+ -]{50,60}".prop_map(String::into_bytes)],
        state in prop_oneof![any::<Vec<u8>>(), "[a-zé@=, \t]{0,40}".prop_map(String::into_bytes)],
        baggage in prop_oneof![any::<Vec<u8>>(), "[a-zé%0-9=;, \t\"]{0,40}".prop_map(String::into_bytes)],
        list in any::<String>(),
    ) {
        let headers = [("traceparent", &parent), ("tracestate", &state), ("baggage", &baggage)];
        let _parent = Hooks::new(OTelHook::new()).extract(headers);
        let _warnings = Propagators::from_list(Some(&list));

        let text = |bytes: &Vec<u8>| String::from_utf8_lossy(bytes).into_owned();
        let texts = headers.map(|(name, value)| (name, text(value)));
        let propagators = Propagators::default();
        let first = sent(&propagators, &texts.each_ref().map(|(name, value)| (*name, value.as_str())));
        for value in first.values() {
            prop_assert!(value.bytes().all(|byte| (b' '..=b'~').contains(&byte) || byte == b'\t'), "{:?}", value);
        }
        let again: Vec<_> = first.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        prop_assert_eq!(sent(&propagators, &again), first);
    }
}
