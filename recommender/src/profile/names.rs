//! The metrics that are recorded.

pub const INTENT_ANALYSIS: &str = "intent_analysis";
pub const MOOD_ANALYSIS: &str = "mood_analysis";
pub const SEED_GATHERING: &str = "seed_gathering";
pub const STRATEGY_USER_ANCHOR: &str = "strategy_user_anchor";
pub const STRATEGY_ARTIST_DISCOVERY: &str = "strategy_artist_discovery";
pub const STRATEGY_SEED_BASED: &str = "strategy_seed_based";
pub const FEATURE_ENRICHMENT: &str = "feature_enrichment";
pub const QUALITY_EVALUATION: &str = "quality_evaluation";
pub const IMPROVEMENT_STRATEGIES: &str = "improvement_strategies";
pub const PLAYLIST_ORDERING: &str = "playlist_ordering";
pub const PERSISTENCE: &str = "persistence";
pub const WORKFLOW_TOTAL: &str = "workflow_total";
pub const RECOBEAT_CALL: &str = "recobeat_call";

/// All of them.
pub const ALL: [&str; 13] = [
    INTENT_ANALYSIS,
    MOOD_ANALYSIS,
    SEED_GATHERING,
    STRATEGY_USER_ANCHOR,
    STRATEGY_ARTIST_DISCOVERY,
    STRATEGY_SEED_BASED,
    FEATURE_ENRICHMENT,
    QUALITY_EVALUATION,
    IMPROVEMENT_STRATEGIES,
    PLAYLIST_ORDERING,
    PERSISTENCE,
    WORKFLOW_TOTAL,
    RECOBEAT_CALL,
];
