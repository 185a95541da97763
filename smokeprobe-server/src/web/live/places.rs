//! How many live streams there are, and of whom.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// Streams at once. Each may keep some hundred kilobytes of buffers busy until it is given up as too slow.
const STREAMS: usize = 256;

/// Of them, those of one address: many pages of one person, and not everybody else's places.
const OF_ONE: usize = 32;

/// The places that are taken, by the address of the client. Never more than there are streams.
#[derive(Debug, Default)]
pub(super) struct Places(Mutex<HashMap<IpAddr, usize>>);

/// A place of a stream, free again when this is dropped.
#[derive(Debug)]
pub(super) struct Place {
    places: Arc<Places>,
    client: IpAddr,
}

impl Places {
    /// A place for a stream of `client`.
    ///
    /// # Errors
    ///
    /// A sentence for the client, when there is none.
    pub(super) fn take(self: &Arc<Self>, client: IpAddr) -> Result<Place, String> {
        let mut taken = self.taken();
        if taken.values().sum::<usize>() >= STREAMS {
            return Err(format!("all {STREAMS} live streams are taken; try again in some seconds"));
        }
        let own = taken.entry(client).or_default();
        if *own >= OF_ONE {
            return Err(format!(
                "{OF_ONE} live streams go to {client} already, and one address has no more: close some"
            ));
        }
        *own += 1;
        drop(taken);
        Ok(Place { places: Arc::clone(self), client })
    }

    /// A panic cannot leave a count half made.
    fn taken(&self) -> MutexGuard<'_, HashMap<IpAddr, usize>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut taken = self.places.taken();
        let left = taken.get(&self.client).map_or(0, |own| own.saturating_sub(1));
        if left == 0 {
            taken.remove(&self.client);
        } else {
            taken.insert(self.client, left);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn client(number: u8) -> IpAddr {
        IpAddr::from([192, 0, 2, number])
    }

    #[test]
    fn one_address_leaves_places_for_others_and_gets_its_own_back() {
        let places = Arc::new(Places::default());
        let mut own: Vec<Place> = (0..OF_ONE).map(|_| places.take(client(1)).unwrap()).collect();
        let refused = places.take(client(1)).unwrap_err();
        assert_eq!(refused, "32 live streams go to 192.0.2.1 already, and one address has no more: close some");
        let other = places.take(client(2)).unwrap();
        own.pop();
        own.push(places.take(client(1)).unwrap());
        places.take(client(1)).unwrap_err();
        drop((own, other));
        assert!(places.taken().is_empty(), "nobody is remembered who has left");
    }

    #[test]
    fn all_together_have_no_more_than_there_are() {
        let places = Arc::new(Places::default());
        let all: Vec<Place> = (0..STREAMS).map(|number| places.take(client((number / 20) as u8)).unwrap()).collect();
        let refused = places.take(client(200)).unwrap_err();
        assert_eq!(refused, "all 256 live streams are taken; try again in some seconds");
        assert!(!places.taken().contains_key(&client(200)));
        drop(all);
        places.take(client(200)).unwrap();
    }
}
