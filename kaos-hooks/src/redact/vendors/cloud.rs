use super::format::{Vendor, inner, pem_base64, quoted, vendor, wordy};
use crate::redact::ascii::{
    ALNUM, ANY_BASE64, BASE32, BASE36, BASE64, DASH, DOT, EQUALS, HEX, PLUS_SLASH, SLUG, Set, TILDE,
};
use crate::redact::pattern::Piece::{Is, Run, Take};

/// No maximum.
const UNLIMITED: usize = usize::MAX;

/// The alphabet of `crypt` hashes.
const CRYPT: Set = ALNUM | PLUS_SLASH | DOT;

/// Keys of cloud and infrastructure providers.
pub(super) const KEYS: &[Vendor] = &[
    // The account part of an AWS key pair; its secret is found by its name.
    vendor("AKIA", &[Run(BASE32, 16, 16)]),
    vendor("ASIA", &[Run(BASE32, 16, 16)]),
    vendor("ABIA", &[Run(BASE32, 16, 16)]),
    vendor("ACCA", &[Run(BASE32, 16, 16)]),
    vendor("A3T", &[Run(BASE32, 17, 17)]),
    vendor("da2-", &[Run(BASE36, 26, 26)]),
    vendor("amzn.mws.", &[Take(HEX, 8), Is("-"), Run(SLUG, 27, 27)]),
    vendor("amzn1.oa2-cs.v1.", &[Run(HEX, 64, 64)]),
    vendor("LTAI", &[Run(ALNUM, 12, 26)]),
    vendor("AKID", &[Run(ALNUM, 32, 32)]),
    vendor("dop_v1_", &[Run(HEX, 64, 64)]),
    vendor("doo_v1_", &[Run(HEX, 64, 64)]),
    vendor("dor_v1_", &[Run(HEX, 64, 64)]),
    vendor("hvs.", &[Run(SLUG | DOT, 24, UNLIMITED)]),
    vendor("hvb.", &[Run(SLUG | DOT, 24, UNLIMITED)]),
    vendor("hvr.", &[Run(SLUG | DOT, 24, UNLIMITED)]),
    // A token of Okta has no prefix but two zeros: only a quoted one of its exact length counts.
    quoted("\"00", &[Run(SLUG, 40, 40), Is("\"")]),
    quoted("'00", &[Run(SLUG, 40, 40), Is("'")]),
    vendor("HRKU-", &[Run(SLUG, 30, UNLIMITED)]),
    vendor(
        "dt0c01.",
        &[Run(BASE32, 24, 24), Is("."), Run(BASE32, 64, 64)],
    ),
    vendor(
        "dt0s01.",
        &[Run(BASE32, 8, 24), Is("."), Run(BASE32, 64, 64)],
    ),
    vendor(
        "dt0s16.",
        &[Run(BASE32, 8, 24), Is("."), Run(BASE32, 64, 64)],
    ),
    vendor("dapi", &[Take(HEX, 32)]),
    vendor("dkea", &[Take(HEX, 32)]),
    vendor("glc_eyJ", &[Run(BASE64, 30, UNLIMITED)]),
    vendor("glsa_", &[Take(ALNUM, 32), Is("_"), Run(HEX, 8, 8)]),
    vendor("eyJrIjoi", &[Run(BASE64, 40, UNLIMITED)]),
    vendor("NRAA-", &[Run(HEX, 27, 27)]),
    vendor("NRRA-", &[Run(HEX, 42, 42)]),
    vendor("NRAK-", &[Run(BASE32, 27, 27)]),
    vendor("NRIQ-", &[Run(SLUG, 32, 32)]),
    vendor("NRII-", &[Run(SLUG, 32, 32)]),
    vendor("NRSP-", &[Run(SLUG, 20, UNLIMITED)]),
    vendor("NRJS-", &[Run(HEX, 19, 19)]),
    vendor(
        "px-api-",
        &[
            Take(HEX, 8),
            Is("-"),
            Take(HEX, 4),
            Is("-"),
            Take(HEX, 4),
            Is("-"),
            Take(HEX, 4),
            Is("-"),
            Run(HEX, 12, 12),
        ],
    ),
    vendor(
        "px-dep-",
        &[
            Take(HEX, 8),
            Is("-"),
            Take(HEX, 4),
            Is("-"),
            Take(HEX, 4),
            Is("-"),
            Take(HEX, 4),
            Is("-"),
            Run(HEX, 12, 12),
        ],
    ),
    vendor("pscale_tkn_", &[Run(SLUG | DOT, 32, UNLIMITED)]),
    vendor("pscale_pw_", &[Run(SLUG | DOT, 32, UNLIMITED)]),
    vendor("pscale_oauth_", &[Run(SLUG | DOT, 32, UNLIMITED)]),
    vendor("tskey-", &[Run(SLUG, 20, UNLIMITED)]),
    vendor("sbp_", &[Run(HEX, 40, UNLIMITED)]),
    vendor("sb_secret_", &[Run(SLUG, 20, UNLIMITED)]),
    vendor("fo1_", &[Run(SLUG, 43, 43)]),
    vendor("fm2_", &[Run(BASE64, 100, UNLIMITED)]),
    vendor("fm1a_", &[Run(BASE64, 60, UNLIMITED)]),
    vendor("FlyV1", &[Is(" "), Run(ANY_BASE64, 60, UNLIMITED)]),
    vendor("AVNS_", &[Run(SLUG, 15, UNLIMITED)]),
    vendor("AQVN", &[Run(SLUG, 35, UNLIMITED)]),
    vendor("y0_", &[Run(SLUG, 40, UNLIMITED)]),
    vendor("t1.9eu", &[Run(ANY_BASE64 | DOT, 60, UNLIMITED)]),
    vendor("YCAJ", &[Run(SLUG, 21, 21)]),
    vendor("YCO", &[Run(SLUG, 37, 37)]),
    vendor("sha256~", &[Run(SLUG, 43, 43)]),
    vendor("tk-us-", &[Run(SLUG, 48, 48)]),
    vendor("v1.0-", &[Take(HEX, 24), Is("-"), Run(HEX, 146, 146)]),
    vendor("ico-", &[Run(ALNUM, 32, 32)]),
    vendor("rnd_", &[Run(ALNUM, 28, UNLIMITED)]),
    vendor("railway_", &[Run(SLUG, 30, UNLIMITED)]),
    vendor("aio_", &[Take(ALNUM, 28)]),
    vendor("sm_aat_", &[Run(ALNUM, 16, UNLIMITED)]),
    // The storage keys of Azure end in `==`, its other keys in `=`.
    vendor(
        "AccountKey=",
        &[Run(ALNUM | PLUS_SLASH, 80, 88), Run(EQUALS, 1, 2)],
    ),
    vendor(
        "SharedAccessKey=",
        &[Run(ALNUM | PLUS_SLASH, 40, 48), Run(EQUALS, 1, 2)],
    ),
    inner((3, 3), "8Q~", &[Run(SLUG | DOT | TILDE, 31, 34)]),
    inner((14, 14), ".atlasv1.", &[Run(SLUG | EQUALS, 60, UNLIMITED)]),
];

/// Private keys that are one line.
pub(super) const PRIVATE_KEYS: &[Vendor] = &[
    vendor("AGE-SECRET-KEY-1", &[Run(BASE32, 58, 58)]),
    vendor("AGE-PLUGIN-", &[Run(BASE32 | DASH, 40, UNLIMITED)]),
    // Base64 of `-----BEGIN `.
    pem_base64("LS0tLS1CRUdJTi", &[Run(BASE64, 40, UNLIMITED)]),
    vendor("xprv", &[Run(ALNUM, 107, 107)]),
];

/// JSON Web Tokens in base64 once more: `eyJ` in base64.
pub(super) const WRAPPED_TOKENS: &[Vendor] = &[wordy("ZXlK", &[Run(ANY_BASE64, 60, UNLIMITED)])];

/// Password hashes in `crypt` and LDAP format.
pub(super) const PASSWORD_HASHES: &[Vendor] = &[
    vendor("$2a$", &[Take(HEX, 2), Is("$"), Run(CRYPT, 53, 53)]),
    vendor("$2b$", &[Take(HEX, 2), Is("$"), Run(CRYPT, 53, 53)]),
    vendor("$2y$", &[Take(HEX, 2), Is("$"), Run(CRYPT, 53, 53)]),
    vendor("$1$", &[Run(CRYPT, 1, 8), Is("$"), Run(CRYPT, 22, 22)]),
    vendor("$apr1$", &[Run(CRYPT, 1, 8), Is("$"), Run(CRYPT, 22, 22)]),
    vendor(
        "$5$",
        &[
            Run(CRYPT | EQUALS, 1, 24),
            Is("$"),
            Run(CRYPT, 16, UNLIMITED),
        ],
    ),
    vendor(
        "$5$rounds=",
        &[
            Run(HEX, 3, 9),
            Is("$"),
            Run(CRYPT, 1, 16),
            Is("$"),
            Run(CRYPT, 43, 43),
        ],
    ),
    vendor(
        "$6$",
        &[
            Run(CRYPT | EQUALS, 1, 24),
            Is("$"),
            Run(CRYPT, 16, UNLIMITED),
        ],
    ),
    vendor(
        "$6$rounds=",
        &[
            Run(HEX, 3, 9),
            Is("$"),
            Run(CRYPT, 1, 16),
            Is("$"),
            Run(CRYPT, 86, 86),
        ],
    ),
    vendor(
        "$y$",
        &[
            Run(CRYPT, 1, 16),
            Is("$"),
            Run(CRYPT, 1, 86),
            Is("$"),
            Run(CRYPT, 43, 43),
        ],
    ),
    vendor(
        "$argon2id$",
        &[
            Run(ALNUM | PLUS_SLASH | EQUALS | DASH, 3, 8),
            Is("$m="),
            Run(HEX, 1, 9),
            Is(",t="),
            Run(HEX, 1, 9),
            Is(",p="),
            Run(HEX, 1, 9),
            Is("$"),
            Run(BASE64, 8, UNLIMITED),
            Is("$"),
            Run(BASE64, 16, UNLIMITED),
        ],
    ),
    vendor("$P$", &[Run(CRYPT, 31, 31)]),
    vendor("{SSHA}", &[Run(BASE64, 32, UNLIMITED)]),
    vendor("{SHA}", &[Run(BASE64, 28, 28)]),
    vendor(
        "pbkdf2_sha256$",
        &[
            Run(HEX, 3, 9),
            Is("$"),
            Run(ALNUM, 8, UNLIMITED),
            Is("$"),
            Run(BASE64, 43, 44),
        ],
    ),
    vendor(
        "pbkdf2:sha256:",
        &[
            Run(HEX, 3, 9),
            Is("$"),
            Run(ALNUM, 8, UNLIMITED),
            Is("$"),
            Run(HEX, 64, 64),
        ],
    ),
];
