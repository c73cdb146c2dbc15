//! Saves what changes, at most once a second, and once more at the end.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::Notify;
use tokio::task::JoinHandle;

const SAVE_EVERY: Duration = Duration::from_secs(1);

/// What is saved. It tells by itself when that fails.
pub(crate) trait Saved: Send + Sync + 'static {
    /// Saves it as it is now. May block.
    fn save(&self);
}

/// Saves after changes: the first at once.
#[derive(Default)]
pub(crate) struct LazySaver {
    shared: Arc<Shared>,
    task: Mutex<Option<JoinHandle<()>>>,
}

#[derive(Default)]
struct Shared {
    is_due: AtomicBool,
    is_closing: AtomicBool,
    closing: Notify,
}

impl LazySaver {
    /// Has it saved within a second.
    pub fn changed(&self, what: &Arc<impl Saved>) {
        self.shared.is_due.store(true, Ordering::SeqCst);
        let mut task = self.task.lock().unwrap_or_else(PoisonError::into_inner);
        if task.as_ref().is_some_and(|task| !task.is_finished()) {
            return;
        }
        let (shared, what) = (Arc::clone(&self.shared), Arc::clone(what));
        *task = Some(tokio::spawn(async move {
            while shared.is_due.swap(false, Ordering::SeqCst) {
                save(&what).await;
                if !shared.is_closing.load(Ordering::SeqCst) {
                    let _ = tokio::time::timeout(SAVE_EVERY, shared.closing.notified()).await;
                }
            }
        }));
    }

    /// Saves what isn't saved.
    pub async fn close(&self, what: &Arc<impl Saved>) {
        self.shared.is_closing.store(true, Ordering::SeqCst);
        self.shared.closing.notify_one();
        let task = self.task.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(task) = task {
            // It fails only where saving has panicked, and is then done once more below.
            let _ = task.await;
        }
        if self.shared.is_due.swap(false, Ordering::SeqCst) {
            save(what).await;
        }
    }
}

async fn save(what: &Arc<impl Saved>) {
    let what = Arc::clone(what);
    let _ = tokio::task::spawn_blocking(move || what.save()).await;
}
