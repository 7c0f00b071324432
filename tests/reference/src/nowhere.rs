//! A disk for benches.

use std::io::{self, Read};

use kaos_hooks::audit::{Storage, StorageFile, StorageLock};

/// A disk that takes everything and keeps nothing.
#[derive(Debug)]
pub struct Nowhere;

impl Storage for Nowhere {
    fn place(&self) -> String {
        "nowhere".to_owned()
    }

    fn list(&self) -> io::Result<Vec<String>> {
        Ok(Vec::new())
    }

    fn read(&self, _name: &str) -> io::Result<Box<dyn Read + Send>> {
        Err(io::ErrorKind::NotFound.into())
    }

    fn create(&self, _name: &str) -> io::Result<Box<dyn StorageFile>> {
        Ok(Box::new(Self))
    }

    fn open(&self, _name: &str) -> io::Result<Box<dyn StorageFile>> {
        Ok(Box::new(Self))
    }

    fn rename(&self, _from: &str, _to: &str) -> io::Result<()> {
        Ok(())
    }

    fn remove(&self, _name: &str) -> io::Result<()> {
        Ok(())
    }

    fn sync_directory(&self) -> io::Result<()> {
        Ok(())
    }

    fn lock(&self) -> io::Result<Box<dyn StorageLock>> {
        Ok(Box::new(()))
    }
}

impl StorageFile for Nowhere {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        Ok(bytes.len())
    }

    fn truncate(&mut self, _length: u64) -> io::Result<()> {
        Ok(())
    }

    fn sync(&mut self) -> io::Result<()> {
        Ok(())
    }
}
