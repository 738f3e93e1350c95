mod book;
mod outages;
mod replicas;
mod script;
mod together;
