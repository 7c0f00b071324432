//! What every store of sessions must do, whatever it is made of.

use std::sync::Arc;
use std::time::Duration;

use kaos_runner::{Message, SessionError, SessionStore, SessionTurn};

/// A turn that asks and answers this.
pub fn turn(number: u32, text: &str) -> SessionTurn {
    let asked = Message::user(text.to_owned());
    let answered = Message::assistant(format!("{text}!"));
    SessionTurn::new(number, vec![asked, answered])
}

/// The numbers and questions of a session's turns.
///
/// # Panics
///
/// If the store fails.
pub async fn kept(store: &dyn SessionStore, session: &str) -> Vec<(u32, String)> {
    let turns = store.load(session).await.unwrap();
    let each = turns.iter();
    each.map(|turn| (turn.number, turn.messages[0].text().into_owned()))
        .collect()
}

/// Goes through all of it; the store is empty at first, and afterwards.
///
/// # Panics
///
/// If the store does something else.
pub async fn contract(store: Arc<dyn SessionStore>) {
    names_are_told_apart(&*store).await;
    one_turn_at_a_time(&store).await;
    a_lock_that_is_not_the_last_adds_nothing(&*store).await;
    what_is_forgotten_stays_forgotten(&*store).await;
    assert_eq!(store.list(100).await.unwrap(), []);
}

/// Names that would be one another's parts, if they were put together carelessly.
async fn names_are_told_apart(store: &dyn SessionStore) {
    let names = [
        "a", "a:turns", "turns:a", "lock:a", "ä ö\n", "{a}", "a*", "\0",
    ];
    for name in names {
        assert_eq!(store.load(name).await.unwrap(), [], "{name:?}");
        for number in 1..=3 {
            let lock = store.lock(name).await.unwrap();
            let said = turn(number, &format!("{name} {number}"));
            // The third takes the first one's place.
            let forgotten = usize::from(number == 3);
            store.append(&lock, said, forgotten).await.unwrap();
        }
    }
    for name in names {
        let expected = [2, 3].map(|number| (number, format!("{name} {number}")));
        assert_eq!(kept(store, name).await, expected, "{name:?}");
    }
    let listed = store.list(100).await.unwrap();
    let newest_first: Vec<&str> = names.iter().rev().copied().collect();
    let listed_names: Vec<&str> = listed.iter().map(|it| it.session.as_str()).collect();
    assert_eq!(listed_names, newest_first);
    let said = turn(2, "a 2").tokens + turn(3, "a 3").tokens;
    let a = listed.iter().find(|it| it.session == "a").unwrap();
    assert_eq!((a.turns, a.tokens), (2, said));
    assert!(a.bytes > 0 && a.idle < Duration::from_secs(60), "{a:?}");
    assert_eq!(store.list(2).await.unwrap().len(), 2);
    assert_eq!(store.list(0).await.unwrap(), []);
    for name in names {
        assert!(store.forget(name).await.unwrap(), "{name:?}");
        assert!(!store.forget(name).await.unwrap(), "{name:?}");
    }
}

/// Eight at once, each reading before it adds: nothing is lost, and the order is one.
async fn one_turn_at_a_time(store: &Arc<dyn SessionStore>) {
    let mut tasks = Vec::new();
    for _ in 0..8 {
        let store = Arc::clone(store);
        tasks.push(tokio::spawn(async move {
            for _ in 0..5 {
                let lock = store.lock("s").await.unwrap();
                let known = store.load("s").await.unwrap().len();
                tokio::task::yield_now().await;
                let number = u32::try_from(known).unwrap() + 1;
                store.append(&lock, turn(number, "x"), 0).await.unwrap();
            }
        }));
    }
    for task in tasks {
        task.await.unwrap();
    }
    let numbers: Vec<u32> = kept(&**store, "s")
        .await
        .iter()
        .map(|(number, _)| *number)
        .collect();
    assert_eq!(numbers, (1..=40).collect::<Vec<_>>());
    assert!(store.forget("s").await.unwrap());
}

async fn a_lock_that_is_not_the_last_adds_nothing(store: &dyn SessionStore) {
    let first = store.lock("s").await.unwrap();
    let fence = first.fence();
    assert!(store.forget("s").await.is_ok());
    let late = store.append(&first, turn(1, "late"), 0).await;
    assert_eq!(late, Err(SessionError::Lost));
    drop(first);
    let second = store.lock("s").await.unwrap();
    assert!(second.fence() > fence);
    store.append(&second, turn(1, "in time"), 0).await.unwrap();
    assert_eq!(kept(store, "s").await, [(1, "in time".to_owned())]);
    drop(second);
    assert!(store.forget("s").await.unwrap());
}

async fn what_is_forgotten_stays_forgotten(store: &dyn SessionStore) {
    let lock = store.lock("s").await.unwrap();
    store.append(&lock, turn(1, "secret"), 0).await.unwrap();
    drop(lock);
    let lock = store.lock("s").await.unwrap();
    assert!(store.forget("s").await.unwrap());
    assert_eq!(kept(store, "s").await, []);
    let late = store.append(&lock, turn(2, "secret again"), 0).await;
    assert_eq!(late, Err(SessionError::Lost));
    drop(lock);
    assert_eq!(kept(store, "s").await, []);
}
