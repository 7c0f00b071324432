//! One of several operators works: until when it may.

use kaos_operator::kubernetes::LeaseLost;
use tokio::time::Instant;

use super::server::{Asked, Cluster};
use super::{DEPLOYMENT, SERVICE, STATUS, cluster, hosted, paths};

const LEASE: &str = "/apis/coordination.k8s.io/v1/namespaces/kaos-system/leases/kaos-operator";

fn with_lease() -> Cluster {
    let mut cluster = cluster(&hosted());
    cluster.has_lease = true;
    cluster
}

fn but_the_lease(log: &[Asked]) -> Vec<&str> {
    let mut all = paths(log);
    all.retain(|it| *it != LEASE);
    all.dedup();
    all
}

#[tokio::test(start_paused = true)]
async fn who_has_the_lease_works_and_gives_it_back() {
    let mut cluster = with_lease();
    let log = cluster.run(60, usize::MAX, |_| None).await;
    assert_eq!(but_the_lease(&log), [SERVICE, DEPLOYMENT, STATUS]);
    assert!(
        cluster.objects[LEASE]["spec"]
            .get("holderIdentity")
            .is_none()
    );
    let asked = log.iter().filter(|it| it.path == LEASE && it.is_write());
    assert!((30..=32).contains(&asked.count()));
}

/// Others count from when it was written, which may be long before its answer is heard.
#[tokio::test(start_paused = true)]
async fn a_term_counts_from_when_the_lease_was_asked_for() {
    let mut cluster = with_lease();
    cluster.delay = Some(|asked| match asked.at {
        // Written at once, and answered late.
        20 if asked.path == LEASE && asked.is_write() => 7,
        21.. if asked.path == LEASE => 1000,
        _ => 0,
    });
    let began = Instant::now();
    let (_, ended) = cluster.run_to_its_end(600, usize::MAX, |_| None).await;
    assert_eq!((ended, began.elapsed().as_secs()), (Err(LeaseLost), 30));
}

/// It is stopped in the middle of its work, as a debugger, a full machine or somebody's SIGSTOP does, and goes on when another
/// works.
#[tokio::test(start_paused = true)]
async fn who_comes_back_after_its_term_writes_nothing() {
    for path in [SERVICE, DEPLOYMENT] {
        // In which order what is due is looked at is by chance.
        for _ in 0..20 {
            let mut cluster = with_lease();
            cluster.pause = Some((path, 16));
            let (log, ended) = cluster.run_to_its_end(600, usize::MAX, |_| None).await;
            assert_eq!(ended, Err(LeaseLost));
            let late = log.iter().filter(|it| it.at >= 16 && it.path != LEASE);
            assert_eq!(late.count(), 0, "{log:#?}");
        }
    }
}
