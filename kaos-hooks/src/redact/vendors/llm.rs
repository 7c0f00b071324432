use super::format::{Vendor, vendor, wordy};
use crate::redact::ascii::{ALNUM, ANY_HEX, BASE36, BASE64, DASH, DOT, HEX, SLUG};
use crate::redact::pattern::Piece::{Is, Run, Take};

/// No maximum.
const UNLIMITED: usize = usize::MAX;

/// Keys of model providers and of the tools around them.
pub(super) const KEYS: &[Vendor] = &[
    vendor("sk-ant-", &[Run(SLUG, 20, UNLIMITED)]),
    vendor("sk-proj-", &[Run(SLUG, 20, UNLIMITED)]),
    vendor("sk-svcacct-", &[Run(SLUG, 20, UNLIMITED)]),
    vendor("sk-admin-", &[Run(SLUG, 20, UNLIMITED)]),
    vendor("sk-or-v1-", &[Run(HEX, 32, UNLIMITED)]),
    vendor("sk-lf-", &[Run(SLUG, 20, UNLIMITED)]),
    vendor("sk-litellm-", &[Run(SLUG, 16, UNLIMITED)]),
    wordy("sk-", &[Run(SLUG, 20, UNLIMITED)]),
    vendor("AIza", &[Take(SLUG, 35)]),
    vendor("xai-", &[Run(ALNUM, 40, UNLIMITED)]),
    vendor("gsk_", &[Run(ALNUM, 40, UNLIMITED)]),
    vendor("hf_", &[Run(ALNUM, 30, UNLIMITED)]),
    vendor("api_org_", &[Run(ALNUM, 30, UNLIMITED)]),
    vendor("r8_", &[Run(ALNUM, 30, UNLIMITED)]),
    vendor("pplx-", &[Run(ALNUM, 32, UNLIMITED)]),
    vendor("nvapi-", &[Run(SLUG, 40, UNLIMITED)]),
    vendor("tvly-", &[Run(SLUG, 20, UNLIMITED)]),
    vendor("fc-", &[Run(HEX, 32, 32)]),
    vendor("jina_", &[Run(SLUG, 40, UNLIMITED)]),
    vendor("fw_", &[Run(ALNUM, 20, UNLIMITED)]),
    vendor("tgp_v1_", &[Run(SLUG, 30, UNLIMITED)]),
    vendor("csk-", &[Run(BASE36, 32, UNLIMITED)]),
    wordy("pa-", &[Run(SLUG, 40, UNLIMITED)]),
    vendor("lsv2_pt_", &[Run(SLUG, 32, UNLIMITED)]),
    vendor("lsv2_sk_", &[Run(SLUG, 32, UNLIMITED)]),
    vendor("ls__", &[Run(HEX, 32, UNLIMITED)]),
    vendor("pcsk_", &[Run(SLUG, 40, UNLIMITED)]),
    vendor("esecret_", &[Run(SLUG, 20, UNLIMITED)]),
    vendor("llx-", &[Run(ALNUM, 32, UNLIMITED)]),
    vendor("e2b_", &[Run(HEX, 32, UNLIMITED)]),
    vendor("rpa_", &[Run(ALNUM, 40, UNLIMITED)]),
    vendor("apify_api_", &[Run(ALNUM, 20, UNLIMITED)]),
    vendor("wandb_v1_", &[Run(SLUG, 30, UNLIMITED)]),
    vendor("gpt4all-", &[Run(ALNUM, 30, UNLIMITED)]),
    vendor("ABSK", &[Run(BASE64, 60, UNLIMITED)]),
    vendor("bedrock-api-key-", &[Run(BASE64, 20, UNLIMITED)]),
    // Google OAuth: access token, refresh token, client secret.
    vendor("ya29.", &[Run(SLUG | DOT, 20, UNLIMITED)]),
    vendor("1//0", &[Run(SLUG, 30, UNLIMITED)]),
    vendor("GOCSPX-", &[Run(SLUG, 20, UNLIMITED)]),
    vendor("AQ.Ab", &[Run(SLUG, 30, UNLIMITED)]),
    vendor("key-", &[Run(ANY_HEX, 32, 32)]),
    vendor("sk_", &[Run(HEX, 48, 48)]),
    vendor("hawk.", &[Run(SLUG, 20, 20), Is("."), Run(SLUG, 20, 20)]),
    vendor("up_", &[Run(ALNUM, 32, 32)]),
    vendor("ms-", &[Take(HEX, 8), Is("-"), Run(HEX | DASH, 27, 27)]),
];
