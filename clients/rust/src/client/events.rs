//! Streams of events: a task reads and verifies ahead, as far as a few events.

use std::future::Future;
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll};

use tokio::sync::mpsc;
use tokio::task::AbortHandle;
use tokio_stream::Stream;

use crate::client::chain_event::ChainEvent;
use crate::error::{Error, Result};
use crate::reason::Reason;

const READ_AHEAD_MAX: usize = 16;

/// Where events go.
pub(crate) struct EventSink<T = ChainEvent> {
    sender: mpsc::Sender<Result<T>>,
    was_given: AtomicBool,
}

impl<T> EventSink<T> {
    /// Hands an event on, when there is room. Fails where nobody wants it any more.
    pub async fn give(&self, event: T) -> Result<()> {
        let gone = |_| Error::new(Reason::Internal, "nobody reads the events any more");
        self.was_given.store(true, Ordering::Relaxed);
        self.sender.send(Ok(event)).await.map_err(gone)
    }

    /// Whether nothing was handed on so far.
    pub fn is_fresh(&self) -> bool {
        !self.was_given.load(Ordering::Relaxed)
    }
}

/// Events of a chain, in order, verified; after a failure none follows. Dropping it ends the reading.
pub struct EventStream<T = ChainEvent> {
    events: mpsc::Receiver<Result<T>>,
    task: AbortHandle,
}

impl<T: Send + 'static> EventStream<T> {
    /// Has a task fill it.
    pub(crate) fn filled<F: Future<Output = Result<()>> + Send + 'static>(
        fill: impl FnOnce(EventSink<T>) -> F + Send + 'static,
    ) -> Self {
        let (sender, events) = mpsc::channel(READ_AHEAD_MAX);
        let last = sender.clone();
        let task = tokio::spawn(async move {
            if let Err(error) = fill(EventSink { sender, was_given: AtomicBool::new(false) }).await {
                // Fails only where nobody reads any more.
                let _ = last.send(Err(error)).await;
            }
        });
        EventStream { events, task: task.abort_handle() }
    }

    /// The next event; None after the last. May be dropped and called again.
    pub async fn next(&mut self) -> Option<Result<T>> {
        self.events.recv().await
    }
}

impl<T> Stream for EventStream<T> {
    type Item = Result<T>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.events.poll_recv(cx)
    }
}

impl<T> Drop for EventStream<T> {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl<T> std::fmt::Debug for EventStream<T> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("EventStream").finish_non_exhaustive()
    }
}
