use kaos_hooks::*; use kaos_tests::reference::{self,Fixture,ByHand}; use kaos_otel_hook::*; use opentelemetry_sdk::trace::*; use opentelemetry::trace::TracerProvider as _;
#[derive(Debug)] struct Discard;
impl SpanProcessor for Discard { fn on_start(&self,_:&mut opentelemetry_sdk::trace::Span,_:&opentelemetry::Context){} fn on_end(&self,s:SpanData){drop(s)} fn force_flush(&self)->opentelemetry_sdk::error::OTelSdkResult{Ok(())} fn shutdown_with_timeout(&self,_:std::time::Duration)->opentelemetry_sdk::error::OTelSdkResult{Ok(())}}
fn main(){ let f=Fixture::default(); let p=SdkTracerProvider::builder().with_id_generator(EventIds::default()).with_span_processor(Discard).build();
let a=std::env::args().nth(1).unwrap_or_default(); let h=if a=="otel" {Hooks::new(OTelHook::with_provider(&p))} else {Hooks::default()};
let r=ByHand::new(p.tracer("x"));
let n:u64=std::env::args().nth(2).and_then(|n|n.parse().ok()).unwrap_or(500_000); let t=std::time::Instant::now(); for _ in 0..n{ if a=="raw" {r.turn()} else {reference::turn(&h,&f,false);}} println!("{}",t.elapsed().as_nanos() as u64/n);}
