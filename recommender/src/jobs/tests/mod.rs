mod editing;
mod life;
mod popular;
mod prefetch;
mod races;
mod restart;
mod schedule;
mod sqlite;
