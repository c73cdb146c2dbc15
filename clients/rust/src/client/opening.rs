//! Opens sealed data of events, where one of the client's keys was given the read key.

use bytes::Bytes;

use crate::client::chain_event::{ChainEvent, Seal};
use crate::client::reading::ChainReader;
use crate::error::Result;
use crate::events::rules::Confidentiality;
use crate::events::sealed_data::open_sealed_data;

impl ChainReader {
    /// Opens what is sealed, where the client's key was given the read key.
    pub async fn opened(&self, mut event: ChainEvent) -> Result<ChainEvent> {
        let Seal::NoKey { read_key_id, .. } = event.seal else {
            return Ok(event);
        };
        let chain_id = self.genesis()?.chain_id;
        let mut read_key = self.find_read_key(&read_key_id, &chain_id).await?;
        // It may have been handed out in what this client has not read; or later, to a reader who joined late.
        for sequence in [Some(event.sequence + 1), None] {
            if read_key.is_none() {
                Box::pin(self.reach(sequence)).await?;
                read_key = self.find_read_key(&read_key_id, &chain_id).await?;
            }
        }
        let stored = std::mem::take(&mut event.data);
        let Some(read_key) = read_key else {
            let holders = self.with_read_keys(|read_keys| read_keys.holders_of(&read_key_id));
            event.seal = Seal::NoKey { read_key_id, holders };
            return Ok(event);
        };
        let sealed = Confidentiality::parse(&event.header)?;
        let data = sealed.and_then(|sealed| open_sealed_data(&read_key, &chain_id, &event.header, &sealed, &stored));
        event.seal = if data.is_some() { Seal::Open { read_key_id } } else { Seal::Invalid { read_key_id } };
        event.data = data.map_or_else(Bytes::new, |data| Bytes::copy_from_slice(&data));
        Ok(event)
    }
}
