use std::fmt;
use std::pin::pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use kaos_hooks::Usage;
use tokio::sync::Notify;

/// Tokens that turns may spend together, input and output, sub-agents included; clones are the same.
///
/// [`Limits::tokens`](crate::Limits::tokens) is one for a single turn;
/// [`TurnRequest::budget`](crate::TurnRequest::budget) takes one that several turns share, for
/// example all of one user's.
///
/// A model call reserves what it may need while it runs: its request by estimate, and its model's
/// `max_tokens`, or 4096. Where that is not left, it waits for calls that run at the same time and may
/// need less than they reserved; a call that runs alone needs room for its request only. So calls at
/// the same time never spend more together than there is, and a single call goes beyond a budget by
/// its own answer at most. What a provider does not tell is counted by estimate.
///
/// # Example
///
/// ```
/// use kaos_runner::{Agent, FunctionModel, ModelReply, Runner, TokenBudget};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), kaos_runner::TurnError> {
/// let model = FunctionModel::script([ModelReply::text("Twelve months.").usage(40, 10)]);
/// let runner = Runner::new(Agent::new("assistant", model));
/// let budget = TokenBudget::new(100_000);
/// runner.turn("How long?", "s-1").budget(&budget).await?;
/// assert_eq!(budget.spent(), 50);
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct TokenBudget(Arc<Shared>);

struct Shared {
    limit: u64,
    tokens: Mutex<Tokens>,
    /// Woken when something that was reserved is free again.
    freed: Notify,
}

#[derive(Default)]
struct Tokens {
    spent: u64,
    reserved: u64,
}

/// There is not enough left of a budget.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Spent {
    pub(crate) limit: u64,
    pub(crate) used: u64,
}

impl TokenBudget {
    /// So many tokens.
    pub fn new(limit: u64) -> Self {
        Self(Arc::new(Shared {
            limit,
            tokens: Mutex::default(),
            freed: Notify::new(),
        }))
    }

    /// How many there were at first.
    pub fn limit(&self) -> u64 {
        self.0.limit
    }

    /// How many are spent; by the last call's answer more than the limit, at most.
    pub fn spent(&self) -> u64 {
        self.lock().spent
    }

    fn lock(&self) -> MutexGuard<'_, Tokens> {
        self.0.tokens.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Reserves what a call may need; `None` while others have reserved too much for it.
    fn reserve(&self, need: Need) -> Result<Option<u64>, Spent> {
        let mut tokens = self.lock();
        let rest = self.0.limit.saturating_sub(tokens.spent);
        let free = rest.saturating_sub(tokens.reserved);
        let wanted = need.input.saturating_add(need.output);
        if tokens.reserved == 0 && (need.input > rest || rest == 0) {
            return Err(Spent {
                limit: self.0.limit,
                used: tokens.spent,
            });
        }
        if tokens.reserved > 0 && wanted > free {
            return Ok(None);
        }
        let amount = wanted.min(free);
        tokens.reserved += amount;
        Ok(Some(amount))
    }

    fn free(&self, amount: u64, spent: u64) {
        let mut tokens = self.lock();
        tokens.reserved = tokens.reserved.saturating_sub(amount);
        tokens.spent = tokens.spent.saturating_add(spent);
        drop(tokens);
        self.0.freed.notify_waiters();
    }
}

impl fmt::Debug for TokenBudget {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let tokens = self.lock();
        f.debug_struct("TokenBudget")
            .field("limit", &self.0.limit)
            .field("spent", &tokens.spent)
            .field("reserved", &tokens.reserved)
            .finish()
    }
}

/// What a model call may need, by estimate.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Need {
    pub(crate) input: u64,
    pub(crate) output: u64,
}

/// The budgets that a turn spends of: its own, its caller's, those of the request.
#[derive(Debug, Clone, Default)]
pub(crate) struct Budgets(Vec<TokenBudget>);

impl Budgets {
    pub(crate) fn and(&self, more: impl IntoIterator<Item = TokenBudget>) -> Self {
        Self(self.0.iter().cloned().chain(more).collect())
    }

    pub(crate) fn are_none(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether anything is left of all of them.
    pub(crate) fn check(&self) -> Result<(), Spent> {
        let left = |budget: &TokenBudget| budget.spent() < budget.limit();
        self.first(|budget| !left(budget))
    }

    /// Whether none of them is overspent.
    pub(crate) fn kept(&self) -> Result<(), Spent> {
        self.first(|budget| budget.spent() > budget.limit())
    }

    fn first(&self, is_over: impl Fn(&TokenBudget) -> bool) -> Result<(), Spent> {
        let over = self.0.iter().find(|budget| is_over(budget));
        over.map_or(Ok(()), |budget| {
            Err(Spent {
                limit: budget.limit(),
                used: budget.spent(),
            })
        })
    }

    /// Waits until there is room for the call in all of them.
    pub(crate) async fn reserve(&self, need: Need) -> Result<Reserved, Spent> {
        'again: loop {
            let mut reserved = Reserved {
                of: Vec::with_capacity(self.0.len()),
                input: need.input,
            };
            for budget in &self.0 {
                // Listens before it looks, so that nothing freed in between is missed.
                let mut freed = pin!(budget.0.freed.notified());
                freed.as_mut().enable();
                match budget.reserve(need) {
                    Ok(Some(amount)) => reserved.of.push((budget.clone(), amount)),
                    Ok(None) => {
                        reserved.give_back();
                        freed.await;
                        continue 'again;
                    }
                    Err(spent) => {
                        reserved.give_back();
                        return Err(spent);
                    }
                }
            }
            return Ok(reserved);
        }
    }
}

/// What a call has reserved. One that is dropped has asked its model: it costs the request.
#[derive(Debug)]
pub(crate) struct Reserved {
    of: Vec<(TokenBudget, u64)>,
    input: u64,
}

impl Reserved {
    /// The call is over, and cost this much.
    pub(crate) fn spend(mut self, usage: Option<Usage>, answer: u64) {
        let spent = usage.map_or(self.input.saturating_add(answer), |usage| usage.total());
        self.free(spent);
    }

    /// Nothing was asked.
    fn give_back(mut self) {
        self.free(0);
    }

    fn free(&mut self, spent: u64) {
        for (budget, amount) in self.of.drain(..) {
            budget.free(amount, spent);
        }
    }
}

impl Drop for Reserved {
    fn drop(&mut self) {
        self.free(self.input);
    }
}
