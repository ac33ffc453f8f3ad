//! Regions and realms: the short codes of regions, and the domains of realms.
//!
//! Source: docs/spec/oci-request-signing.md#regions.

use std::path::Path;
use std::{fs, io};

use serde::Deserialize;

use super::Vars;
use super::variables::{SettingsError, Variables};

const METADATA: &str = "OCI_REGION_METADATA";
const DEFAULT_REALM: &str = "OCI_DEFAULT_REALM";
/// The variables of regions.
pub(super) const NAMES: [&str; 2] = [METADATA, DEFAULT_REALM];
/// The domain of unknown regions.
const COMMERCIAL: &str = "oraclecloud.com";

/// The domain of each realm, from the table in Oracle's own SDKs.
const REALMS: &[(&str, &str)] = &[
    ("oc1", "oraclecloud.com"),
    ("oc2", "oraclegovcloud.com"),
    ("oc3", "oraclegovcloud.com"),
    ("oc4", "oraclegovcloud.uk"),
    ("oc8", "oraclecloud8.com"),
    ("oc9", "oraclecloud9.com"),
    ("oc10", "oraclecloud10.com"),
    ("oc14", "oraclecloud14.com"),
    ("oc15", "oraclecloud15.com"),
    ("oc19", "oraclecloud.eu"),
    ("oc20", "oraclecloud20.com"),
    ("oc21", "oraclecloud21.com"),
    ("oc23", "oraclecloud23.com"),
    ("oc24", "oraclecloud24.com"),
    ("oc26", "oraclecloud26.com"),
    ("oc29", "oraclecloud29.com"),
    ("oc35", "oraclecloud35.com"),
    ("oc42", "oraclecloud42.com"),
    ("oc51", "oraclecloud51.com"),
    ("oc52", "oraclecloud52.com"),
];

/// The short code of each region, its identifier and its realm, from the same table.
const REGIONS: &[(&str, &str, &str)] = &[
    ("aga", "us-saltlake-2", "oc1"),
    ("ahu", "me-abudhabi-3", "oc26"),
    ("ams", "eu-amsterdam-1", "oc1"),
    ("arn", "eu-stockholm-1", "oc1"),
    ("auh", "me-abudhabi-1", "oc1"),
    ("avf", "eu-crissier-1", "oc24"),
    ("avz", "eu-dcc-zurich-1", "oc24"),
    ("beg", "eu-jovanovac-1", "oc20"),
    ("bgy", "eu-dcc-milan-1", "oc14"),
    ("bno", "ap-chuncheon-2", "oc35"),
    ("bog", "sa-bogota-1", "oc1"),
    ("bom", "ap-mumbai-1", "oc1"),
    ("brs", "uk-gov-cardiff-1", "oc4"),
    ("cdg", "eu-paris-1", "oc1"),
    ("cwl", "uk-cardiff-1", "oc1"),
    ("dac", "ap-dcc-gazipur-1", "oc15"),
    ("dln", "ap-suwon-1", "oc35"),
    ("doh", "me-dcc-doha-1", "oc21"),
    ("dtm", "eu-dcc-rating-2", "oc14"),
    ("dtz", "ap-seoul-2", "oc35"),
    ("dus", "eu-dcc-rating-1", "oc14"),
    ("dxb", "me-dubai-1", "oc1"),
    ("ebb", "us-somerset-1", "oc23"),
    ("ebl", "us-thames-1", "oc23"),
    ("fra", "eu-frankfurt-1", "oc1"),
    ("gru", "sa-saopaulo-1", "oc1"),
    ("hnw", "sa-riodejaneiro-1", "oc52"),
    ("hsg", "ap-batam-1", "oc1"),
    ("hyd", "ap-hyderabad-1", "oc1"),
    ("iad", "us-ashburn-1", "oc1"),
    ("ibr", "me-ibri-1", "oc9"),
    ("icn", "ap-seoul-1", "oc1"),
    ("jbp", "ap-kulai-2", "oc1"),
    ("jed", "me-jeddah-1", "oc1"),
    ("jnb", "af-johannesburg-1", "oc1"),
    ("jsk", "eu-budapest-1", "oc51"),
    ("kix", "ap-osaka-1", "oc1"),
    ("lej", "af-casablanca-1", "oc1"),
    ("lfi", "us-langley-1", "oc2"),
    ("lhr", "uk-london-1", "oc1"),
    ("lin", "eu-milan-1", "oc1"),
    ("ltn", "uk-gov-london-1", "oc4"),
    ("luf", "us-luke-1", "oc2"),
    ("mad", "eu-madrid-1", "oc1"),
    ("mct", "me-dcc-muscat-1", "oc9"),
    ("mel", "ap-melbourne-1", "oc1"),
    ("mrs", "eu-marseille-1", "oc1"),
    ("mty", "mx-monterrey-1", "oc1"),
    ("mtz", "il-jerusalem-1", "oc1"),
    ("mxp", "eu-dcc-milan-2", "oc14"),
    ("nja", "ap-chiyoda-1", "oc8"),
    ("nrq", "eu-turin-1", "oc1"),
    ("nrt", "ap-tokyo-1", "oc1"),
    ("onm", "ap-delhi-1", "oc1"),
    ("ord", "us-chicago-1", "oc1"),
    ("orf", "eu-madrid-3", "oc1"),
    ("ork", "eu-dcc-dublin-1", "oc14"),
    ("pgc", "us-newark-1", "oc42"),
    ("phx", "us-phoenix-1", "oc1"),
    ("pia", "us-gov-chicago-1", "oc3"),
    ("qro", "mx-queretaro-1", "oc1"),
    ("rba", "me-alain-1", "oc26"),
    ("ric", "us-gov-ashburn-1", "oc3"),
    ("rkt", "me-abudhabi-2", "oc29"),
    ("ruh", "me-riyadh-1", "oc1"),
    ("scl", "sa-santiago-1", "oc1"),
    ("shj", "me-abudhabi-4", "oc29"),
    ("sin", "ap-singapore-1", "oc1"),
    ("sjc", "us-sanjose-1", "oc1"),
    ("snn", "eu-dcc-dublin-2", "oc14"),
    ("str", "eu-frankfurt-2", "oc19"),
    ("syd", "ap-sydney-1", "oc1"),
    ("tus", "us-gov-phoenix-1", "oc3"),
    ("ukb", "ap-ibaraki-1", "oc8"),
    ("vap", "sa-valparaiso-1", "oc1"),
    ("vcp", "sa-vinhedo-1", "oc1"),
    ("vll", "eu-madrid-2", "oc19"),
    ("vve", "me-alrayyan-1", "oc21"),
    ("wga", "ap-dcc-canberra-1", "oc10"),
    ("xsp", "ap-singapore-2", "oc1"),
    ("yny", "ap-chuncheon-1", "oc1"),
    ("yul", "ca-montreal-1", "oc1"),
    ("yxj", "us-ashburn-2", "oc42"),
    ("yyz", "ca-toronto-1", "oc1"),
    ("zrh", "eu-zurich-1", "oc1"),
];

/// Returns the region identifier of a configured name: trimmed, in lower case, with short codes
/// resolved. Unknown names are returned too.
///
/// ```
/// use oracle_cloud_client::region::identifier;
///
/// assert_eq!(identifier(" FRA"), "eu-frankfurt-1");
/// assert_eq!(identifier("xx-new-1"), "xx-new-1");
/// ```
pub fn identifier(name: &str) -> String {
    let name = name.trim().to_ascii_lowercase();
    let known = REGIONS.iter().find(|(code, ..)| *code == name);
    known.map_or(name, |(_, region, _)| (*region).to_owned())
}

/// Returns the realms that have a domain: `oc1` for `oraclecloud.com`; `oc2` and `oc3` share one;
/// none for any other.
///
/// ```
/// use oracle_cloud_client::region::realms_of_domain;
///
/// assert_eq!(realms_of_domain("oraclegovcloud.com").collect::<Vec<_>>(), ["oc2", "oc3"]);
/// ```
pub fn realms_of_domain(domain: &str) -> impl Iterator<Item = &'static str> {
    REALMS.iter().filter(move |(_, known)| *known == domain).map(|(realm, _)| *realm)
}

/// Returns the realm of a region identifier, if the table has the region.
///
/// ```
/// use oracle_cloud_client::region::realm_of_region;
///
/// assert_eq!(realm_of_region("us-langley-1"), Some("oc2"));
/// ```
pub fn realm_of_region(region: &str) -> Option<&'static str> {
    REGIONS.iter().find(|(_, known, _)| *known == region).map(|(.., realm)| *realm)
}

/// Returns whether a text has the form of a region identifier, such as `eu-frankfurt-1`: words
/// joined by `-`, then a number.
///
/// New regions appear often, so the form is checked, and not the table.
///
/// ```
/// use oracle_cloud_client::region::is_identifier;
///
/// assert!(is_identifier("eu-frankfurt-1") && !is_identifier("fra"));
/// ```
pub fn is_identifier(text: &str) -> bool {
    let Some((words, number)) = text.rsplit_once('-') else {
        return false;
    };
    let digits =
        (1..=2).contains(&number.len()) && number.bytes().all(|byte| byte.is_ascii_digit());
    let word = |word: &str| !word.is_empty() && word.bytes().all(|byte| byte.is_ascii_lowercase());
    digits && words.split('-').all(word) && words.contains('-') && words.find('-') >= Some(2)
}

/// What stands between the region and the domain in the host of a service.
///
/// ```
/// use oracle_cloud_client::region::{HostForm, Regions};
///
/// let host = Regions::default().service_host("mysql", "eu-zurich-1", Some(HostForm::Ocp));
/// assert_eq!(host.as_deref(), Some("mysql.eu-zurich-1.ocp.oraclecloud.com"));
/// ```
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum HostForm {
    /// Nothing: `iaas.<region>.<domain>`, as older services have it.
    Plain,
    /// `oci`, as nearly all have it.
    Oci,
    /// `ocp`, as services of the platform have it.
    Ocp,
    /// `ocs`.
    Ocs,
    /// `ds.oci`, which has addresses of IPv6 too. Few services have it.
    DualStack,
}

/// The regions of the table, and those that the operator added because they are newer than the
/// table.
///
/// ```
/// use oracle_cloud_client::region::Regions;
///
/// let regions = Regions::default();
/// assert_eq!(regions.domain("us-langley-1"), "oraclegovcloud.com");
/// ```
#[derive(Clone, Debug, Default)]
pub struct Regions {
    added: Vec<Region>,
    default_domain: Option<String>,
}

/// One region as `~/.oci/regions-config.json` and `OCI_REGION_METADATA` describe it.
#[derive(Clone, Debug, Deserialize)]
struct Region {
    #[serde(rename = "regionKey")]
    key: String,
    #[serde(rename = "regionIdentifier")]
    identifier: String,
    #[serde(rename = "realmKey")]
    realm: String,
    #[serde(rename = "realmDomainComponent")]
    domain: String,
}

impl Region {
    /// Returns the region in lower case and without blanks, if each part is valid.
    fn plain(self) -> Option<Self> {
        let [key, identifier, realm, domain] = [self.key, self.identifier, self.realm, self.domain]
            .map(|text| text.trim().to_ascii_lowercase());
        let fits = [&key, &identifier, &realm].into_iter().all(|text| is_name(text));
        (fits && is_domain(&domain)).then_some(Self { key, identifier, realm, domain })
    }
}

/// Regions that cannot be read.
#[derive(Debug, thiserror::Error)]
enum RegionError {
    #[error("~/.oci/regions-config.json cannot be read: {0}")]
    Unreadable(io::Error),
    #[error(
        "~/.oci/regions-config.json is not a JSON array of regions with realmKey, realmDomainComponent, regionKey and regionIdentifier"
    )]
    File,
}

impl Regions {
    /// Reads the regions of the table, of `~/.oci/regions-config.json` and of
    /// `OCI_REGION_METADATA`. Unknown regions are in the realm of `OCI_DEFAULT_REALM`, or else in
    /// `oc1`.
    ///
    /// ```
    /// use oracle_cloud_client::region::Regions;
    ///
    /// let var = |name: &str| (name == "OCI_DEFAULT_REALM").then(|| "oc2".to_owned());
    /// let regions = Regions::from_vars(&var)?;
    /// assert_eq!(regions.domain("xx-new-1"), "oraclegovcloud.com");
    /// # Ok::<_, oracle_cloud_client::SettingsError>(())
    /// ```
    ///
    /// # Errors
    /// [`SettingsError`] if a variable or the file is invalid.
    pub fn from_vars(var: Vars<'_>) -> Result<Self, SettingsError> {
        let mut vars = Variables::new(var);
        let regions = Self::read(&mut vars);
        vars.finish(Some(regions))
    }

    /// Does the same, as a part of all variables.
    pub(super) fn read(vars: &mut Variables<'_>) -> Self {
        let home = vars.text("HOME");
        let mut added = home.map(|home| added(&home)).transpose().unwrap_or_else(|error| {
            vars.mistake(error);
            None
        });
        let expected =
            "a JSON object with realmKey, realmDomainComponent, regionKey and regionIdentifier";
        let region = vars
            .parse(METADATA, expected, |json| serde_json::from_str::<Region>(json).ok()?.plain());
        added.get_or_insert_default().extend(region);
        let default = "the name of a realm or of its domain, such as `oc1`";
        let default_domain = vars.parse(DEFAULT_REALM, default, domain_of_realm);
        Self { added: added.unwrap_or_default(), default_domain }
    }

    /// Returns whether a realm has this domain: one table serves credentials and addresses.
    ///
    /// ```
    /// use oracle_cloud_client::region::Regions;
    ///
    /// assert!(Regions::default().serves("oraclecloud.com", "oc1"));
    /// ```
    pub fn serves(&self, domain: &str, realm: &str) -> bool {
        let mut added = self.added.iter();
        realms_of_domain(domain).any(|known| known == realm)
            || added.any(|region| region.domain == domain && region.realm == realm)
    }

    /// Returns whether a domain is that of a realm.
    ///
    /// ```
    /// use oracle_cloud_client::region::Regions;
    ///
    /// assert!(!Regions::default().knows_domain("example.com"));
    /// ```
    pub fn knows_domain(&self, domain: &str) -> bool {
        realms_of_domain(domain).next().is_some()
            || self.added.iter().any(|region| region.domain == domain)
    }

    /// Returns the region identifier of a configured name, as [`identifier`] does, including the
    /// short codes of added regions.
    ///
    /// ```
    /// use oracle_cloud_client::region::Regions;
    ///
    /// assert_eq!(Regions::default().identifier("fra"), "eu-frankfurt-1");
    /// ```
    pub fn identifier(&self, name: &str) -> String {
        let known = identifier(name);
        let added = self.added.iter().find(|region| region.key.eq_ignore_ascii_case(&known));
        added.map_or(known, |region| region.identifier.to_ascii_lowercase())
    }

    /// Returns the domain of a region's services, such as `oraclecloud.com`.
    ///
    /// ```
    /// use oracle_cloud_client::region::Regions;
    ///
    /// assert_eq!(Regions::default().domain("eu-frankfurt-1"), "oraclecloud.com");
    /// ```
    pub fn domain(&self, region: &str) -> &str {
        let known = realm_of_region(region)
            .and_then(|realm| REALMS.iter().find(|(name, _)| *name == realm));
        let added = || {
            let mut added = self.added.iter();
            added.find(|added| added.identifier.eq_ignore_ascii_case(region))
        };
        match known {
            Some((_, domain)) => domain,
            None => added().map_or_else(
                || self.default_domain.as_deref().unwrap_or(COMMERCIAL),
                |region| region.domain.as_str(),
            ),
        }
    }

    /// Returns the host of an older service, such as `auth`, `iaas`, `identity` or `objectstorage`;
    /// newer ones have `.oci` after the region. A region with a dot is a domain itself.
    ///
    /// ```
    /// use oracle_cloud_client::region::Regions;
    ///
    /// let host = Regions::default().host("iaas", "eu-frankfurt-1");
    /// assert_eq!(host, "iaas.eu-frankfurt-1.oraclecloud.com");
    /// ```
    pub fn host(&self, service: &str, region: &str) -> String {
        if region.contains('.') {
            return format!("{service}.{region}");
        }
        format!("{service}.{region}.{}", self.domain(region))
    }
}

/// Reads a region from a variable.
pub(super) fn from_vars(vars: &mut Variables<'_>, name: &str) -> Option<String> {
    let region = |text: &str| is_name(text).then(|| text.to_owned());
    vars.parse(name, "a region such as `eu-frankfurt-1`", region)
}

/// Returns whether a text may be a region's name, its code, or the domain in its place: it becomes
/// a part of a host.
pub(super) fn is_name(text: &str) -> bool {
    let label = |label: &str| {
        !label.is_empty()
            && !label.starts_with('-')
            && !label.ends_with('-')
            && label.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
    };
    text.len() <= 253 && text.split('.').all(label)
}

fn is_domain(text: &str) -> bool {
    text.contains('.') && is_name(text)
}

/// Reads the regions of the file in a home directory; none if there is no such file.
fn added(home: &str) -> Result<Vec<Region>, RegionError> {
    match fs::read(Path::new(home).join(".oci/regions-config.json")) {
        Ok(json) => {
            let regions = serde_json::from_slice::<Vec<Region>>(&json).ok();
            let regions: Option<Vec<_>> =
                regions.and_then(|regions| regions.into_iter().map(Region::plain).collect());
            regions.ok_or(RegionError::File)
        }
        Err(error) if absent(error.kind()) => Ok(Vec::new()),
        Err(error) => Err(RegionError::Unreadable(error)),
    }
}

/// Returns whether nothing exists at a path, not even something that cannot be read.
pub(super) fn absent(kind: io::ErrorKind) -> bool {
    matches!(kind, io::ErrorKind::NotFound | io::ErrorKind::NotADirectory)
}

/// Returns the domain of a realm's name, or the domain itself.
fn domain_of_realm(name: &str) -> Option<String> {
    let name = name.to_ascii_lowercase();
    let known = REALMS.iter().find(|(realm, _)| *realm == name).map(|(_, domain)| *domain);
    known.map(str::to_owned).or(is_domain(&name).then_some(name))
}
