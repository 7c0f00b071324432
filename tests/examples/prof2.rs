use kaos_hooks::*; use std::time::Instant;
fn b(name:&str, n:u64, mut f: impl FnMut()){ for _ in 0..n/10 {f()} let t=Instant::now(); for _ in 0..n {f()} println!("{name:20} {:.1}", t.elapsed().as_nanos() as f64/n as f64);}
fn main(){ if std::env::args().nth(1).is_some() { let h=Hooks::default(); let t=h.turn(Turn::new("a")); for i in 0..20_000_000u64 { if i%1000==0 {let _=futures_util::FutureExt::now_or_never(t.ready());} t.open(Step::new(1)).complete(StepOutcome::default()); } return; } let h=Hooks::default(); let e=h.emitter().clone();
 b("clock",10_000_000,||{std::hint::black_box(e.clock().monotonic_nanos());});
 b("turn",1_000_000,||{ h.turn(Turn::new("a")).complete(TurnOutcome::default()); });
 let t=h.turn(Turn::new("a"));
 let tt=std::sync::Arc::new(5); b("arc",10_000_000,||{ std::hint::black_box(std::sync::Arc::clone(&tt)); });
 let m=std::sync::Mutex::new(5); b("mutex",10_000_000,||{ *m.lock().unwrap_or_else(|e|e.into_inner())+=1; });
 let mut i=0; b("value",5_000,||{ i+=1; if i%1000==0 {let _=futures_util::FutureExt::now_or_never(t.ready());} t.emit(TextDelta{content:Str::Static("x")}); });
 let n=3_000_000u64; let s=Instant::now(); for i in 0..n { if i%1000==0 {let _=futures_util::FutureExt::now_or_never(t.ready());} t.emit(TextDelta{content:Str::Static("x")}); } println!("value {:.1}", s.elapsed().as_nanos() as f64/n as f64);
 let s=Instant::now(); for i in 0..n { if i%1000==0 {let _=futures_util::FutureExt::now_or_never(t.ready());} t.open(Step::new(1)).complete(StepOutcome::default()); } println!("step span {:.1}", s.elapsed().as_nanos() as f64/n as f64);
 let s=Instant::now(); for i in 0..n { if i%1000==0 {let _=futures_util::FutureExt::now_or_never(t.ready());} t.open(LlmCall::new("a","b")).complete(LlmOutcome::default()); } println!("llm span {:.1}", s.elapsed().as_nanos() as f64/n as f64);
 let s=Instant::now(); for i in 0..n { if i%1000==0 {let _=futures_util::FutureExt::now_or_never(t.ready());} t.open(ToolCall::new("a")).complete(ToolOutcome::default()); } println!("tool span {:.1}", s.elapsed().as_nanos() as f64/n as f64);
}
