//! Who exports.

use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::common::v1::KeyValue;
use opentelemetry_proto::tonic::common::v1::any_value::Value;
use prost::Message as _;

use super::*;

/// The `service.instance.id` that a receiver is told.
fn instance(vars: &[(&str, &str)]) -> String {
    let receiver = Receiver::start(false, [http(200)]);
    let telemetry = telemetry(Over::Http, &receiver.url, vars);
    let provider = telemetry.tracer_provider().unwrap();
    provider.tracer("test").start("span").end();
    provider.force_flush().unwrap();
    let got = receiver.got();
    let request = ExportTraceServiceRequest::decode(got[0].body.as_slice()).unwrap();
    let resource = request.resource_spans[0].resource.clone().unwrap();
    let named = |it: &&KeyValue| it.key == "service.instance.id";
    let all: Vec<_> = resource.attributes.iter().filter(named).collect();
    assert_eq!(all.len(), 1, "{resource:?}");
    match all[0].value.clone().unwrap().value {
        Some(Value::StringValue(text)) => text,
        other => panic!("{other:?}"),
    }
}

#[test]
fn each_process_has_an_instance_id_unless_one_is_given() {
    let own = instance(&[]);
    let shape: String = own
        .chars()
        .map(|it| if it == '-' { '-' } else { 'x' })
        .collect();
    assert_eq!(shape, "xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx", "{own}");
    assert_eq!(instance(&[]), own, "it is the process's");
    let given = ("OTEL_RESOURCE_ATTRIBUTES", "service.instance.id=replica-1");
    assert_eq!(instance(&[given]), "replica-1");
}
