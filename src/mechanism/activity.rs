//! The typed activity: a View, or what shares the queues with Views.
//!
//! Its JSON and its size on the wire are in `wire`; what a receiver does with it is in `instance`.

use crate::foundation::ids::{InstanceId, SessionId, VideoId, ViewerId};
use crate::foundation::units::Time;

/// An activity, as its author built it. A forwarded View is the same View, to the byte.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Activity {
    /// The video that is watched.
    pub video: VideoId,
    /// The instance that built and signed it.
    pub author: InstanceId,
    /// Who or what it counts.
    pub subject: Subject,
    /// The number of viewers that it carries, if one: the `result` of a View. In a GET for a count: that which its author got last.
    pub result: Option<u32>,
    /// The number of views that it carries, if one: in an `Update`, a count of views, or a follower's total.
    pub views: Option<u32>,
    /// When it was built, by its author's clock.
    pub built: Time,
    /// When what it counts expires, by its author's clock; plain views have no expiry.
    pub expires: Option<Time>,
    /// Which sending it is.
    pub stamp: Stamp,
    /// Its form on the wire.
    pub form: Form,
}

/// The forms on the wire in PeerTube's releases: of a View, and of the heads of a server's requests and answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Form {
    /// Up to 6.0: the id of a viewer is 64 hex digits; the context knows no `InteractionCounter`.
    V60,
    /// From 6.1: the id of a viewer is session and video; the context knows `InteractionCounter`.
    V61,
    /// From 7.1: Views as before; heads are longer (they name the key, and one encoding more).
    V71,
    /// From 8.0: what an origin broadcasts is addressed to its channel, with a copy to the account's followers.
    V80,
}

impl Form {
    /// All forms, oldest first.
    pub const ALL: [Form; 4] = [Form::V60, Form::V61, Form::V71, Form::V80];
}

/// What an activity is about; with the author and the video this is its id on the wire.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Subject {
    /// One viewer of the author's, with the salt of its id (it changes at restarts where ids do).
    Viewer(ViewerId, u32),
    /// The author's total: the whole count if it is the video's origin, else of its own viewers.
    Total,
    /// One plain view of a viewer: it counts views, not viewers.
    Plain(ViewerId),
    /// How many views the author's own viewers made since it last said so. To who does not know it, one plain view.
    ViewCount,
    /// An `Update` of the author's video: its count of views changed. No View.
    Update,
    /// A `Create` of a WatchAction: what one visit watched. No View.
    WatchAction(ViewerId),
    /// Any other job of the author's, such as a comment, with the bytes of its body. No View.
    Background(u32),
    /// No activity: a GET of the author's, with the bytes of the whole answer.
    Get(FetchReason, u32),
}

/// Why GETs are made. All that is fetched for a reason is in `FetchReason::resources`; which of it a GET fetches is the session of
/// its stamp, where there is more than one thing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum FetchReason {
    /// An `Update` took effect.
    AfterUpdate,
    /// A preview of a link.
    Preview,
    /// The first message that an actor signed: its key, and what is known of an actor.
    Actor,
    /// The first message about a video.
    Video,
    /// A page is open: the number of viewers is asked for (`pull`).
    Count,
}

/// What a GET fetches.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Resource {
    /// The server actor, with its key.
    Actor,
    /// Its followers.
    ActorFollowers,
    /// Whom it follows.
    ActorFollowing,
    /// Its playlists.
    ActorPlaylists,
    /// The video.
    Video,
    /// The video's channel.
    Channel,
    /// The account that owns the video.
    Account,
    /// The followers of the channel.
    ChannelFollowers,
    /// Whom the channel follows.
    ChannelFollowing,
    /// The chapters of the video.
    Chapters,
    /// Its likes.
    Likes,
    /// Its dislikes.
    Dislikes,
    /// Who announced it.
    Announces,
    /// Its comments.
    Comments,
    /// The total of its viewers. No server has this yet.
    Viewers,
}

impl FetchReason {
    /// All that is fetched for it, in order.
    pub fn resources(self) -> &'static [Resource] {
        match self {
            FetchReason::AfterUpdate => &[Resource::Chapters, Resource::Likes, Resource::Dislikes],
            FetchReason::Preview => &[Resource::Video],
            FetchReason::Actor => &[
                Resource::Actor,
                Resource::ActorFollowers,
                Resource::ActorFollowing,
                Resource::ActorPlaylists,
            ],
            FetchReason::Video => &[
                Resource::Video,
                Resource::Channel,
                Resource::Channel,
                Resource::Account,
                Resource::ChannelFollowers,
                Resource::ChannelFollowing,
                Resource::Chapters,
                Resource::Likes,
                Resource::Dislikes,
                Resource::Announces,
                Resource::Comments,
            ],
            FetchReason::Count => &[Resource::Viewers],
        }
    }
}

impl Activity {
    /// Of a GET: its reason, its place among all that is fetched for that, and what it fetches. `None` of all else.
    pub fn fetch(&self) -> Option<(FetchReason, usize, Resource)> {
        let Subject::Get(asked, _) = self.subject else { return None };
        let place = match asked {
            FetchReason::Preview | FetchReason::Count => 0,
            FetchReason::AfterUpdate | FetchReason::Actor | FetchReason::Video => self.stamp.session.index(),
        };
        Some((asked, place, *asked.resources().get(place)?))
    }
}

/// Distinguishes the sendings of one subject. It depends on the workload alone, never on the protocol.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Stamp {
    /// The visit that caused it; 0 for a total.
    pub session: SessionId,
    /// The number of the heartbeat in the visit, or of the tick for a total.
    pub number: u32,
}

/// The kinds of message in records.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// One viewer, from its own instance.
    Viewer,
    /// One viewer, forwarded by the origin.
    ViewerForwarded,
    /// A total of the origin.
    Total,
    /// A total of a follower's own viewers, to the origin.
    FollowerTotal,
    /// A total of a follower that the origin took for a viewer and forwarded.
    FollowerTotalForwarded,
    /// A plain view, from its own instance.
    Plain,
    /// A plain view, forwarded by the origin.
    PlainForwarded,
    /// The number of views by a follower's own viewers, to the origin.
    ViewCount,
    /// An `Update` of a video whose views changed.
    Update,
    /// What a follower fetches from the origin after an `Update`: GET requests, simulated or counted only.
    UpdateFetch,
    /// A WatchAction of a follower's viewer, to the origin.
    WatchAction,
    /// Another job that the scenario asks for.
    Background,
    /// What a receiver fetches from the origin for the preview of a link: a GET request.
    LinkPreview,
    /// What a receiver fetches of an actor whose key it does not have: GET requests.
    ActorFetch,
    /// What a receiver fetches of a video that it does not know: GET requests.
    VideoFetch,
    /// The number of viewers, which a follower asks the origin for: a GET request.
    CountFetch,
}

impl Kind {
    /// All kinds, in the order of the records.
    pub const ALL: [Kind; 16] = [
        Kind::Viewer,
        Kind::ViewerForwarded,
        Kind::Total,
        Kind::FollowerTotal,
        Kind::FollowerTotalForwarded,
        Kind::Plain,
        Kind::PlainForwarded,
        Kind::ViewCount,
        Kind::Update,
        Kind::UpdateFetch,
        Kind::WatchAction,
        Kind::Background,
        Kind::LinkPreview,
        Kind::ActorFetch,
        Kind::VideoFetch,
        Kind::CountFetch,
    ];

    /// The kind of a View that `sender` sends about a video of `origin`.
    pub fn of(activity: &Activity, sender: InstanceId, origin: InstanceId) -> Kind {
        match (activity.subject, sender != activity.author) {
            (Subject::Viewer(..), false) => Kind::Viewer,
            (Subject::Viewer(..), true) => Kind::ViewerForwarded,
            (Subject::Total, false) if activity.author == origin => Kind::Total,
            (Subject::Total, false) => Kind::FollowerTotal,
            (Subject::Total, true) => Kind::FollowerTotalForwarded,
            (Subject::Plain(_), false) => Kind::Plain,
            (Subject::ViewCount, false) => Kind::ViewCount,
            // who forwards it took it for a plain view
            (Subject::Plain(_) | Subject::ViewCount, true) => Kind::PlainForwarded,
            (Subject::Update, _) => Kind::Update,
            (Subject::WatchAction(_), _) => Kind::WatchAction,
            (Subject::Background(_), _) => Kind::Background,
            (Subject::Get(FetchReason::AfterUpdate, _), _) => Kind::UpdateFetch,
            (Subject::Get(FetchReason::Preview, _), _) => Kind::LinkPreview,
            (Subject::Get(FetchReason::Actor, _), _) => Kind::ActorFetch,
            (Subject::Get(FetchReason::Video, _), _) => Kind::VideoFetch,
            (Subject::Get(FetchReason::Count, _), _) => Kind::CountFetch,
        }
    }

    /// The name in records.
    pub fn name(self) -> &'static str {
        match self {
            Kind::Viewer => "viewer",
            Kind::ViewerForwarded => "viewer_forwarded",
            Kind::Total => "total",
            Kind::FollowerTotal => "follower_total",
            Kind::FollowerTotalForwarded => "follower_total_forwarded",
            Kind::Plain => "plain",
            Kind::PlainForwarded => "plain_forwarded",
            Kind::ViewCount => "view_count",
            Kind::Update => "update",
            Kind::UpdateFetch => "update_fetch",
            Kind::WatchAction => "watch_action",
            Kind::Background => "background",
            Kind::LinkPreview => "link_preview",
            Kind::ActorFetch => "actor_fetch",
            Kind::VideoFetch => "video_fetch",
            Kind::CountFetch => "count_fetch",
        }
    }

    /// Whether it is viewer traffic ("watching now") rather than the counting of views.
    pub fn is_viewer_traffic(self) -> bool {
        self <= Kind::FollowerTotalForwarded || self == Kind::CountFetch
    }

    /// Whether it is for Views: viewer traffic, a plain view or a count of those.
    pub fn is_view(self) -> bool {
        self <= Kind::ViewCount || self == Kind::CountFetch
    }

    /// Whether its sender passes on what another instance built and signed.
    pub fn is_forwarded(self) -> bool {
        matches!(self, Kind::ViewerForwarded | Kind::FollowerTotalForwarded | Kind::PlainForwarded)
    }

    /// Whether it is a GET: a request without a body, whose answer has one.
    pub fn is_get(self) -> bool {
        matches!(
            self,
            Kind::UpdateFetch | Kind::LinkPreview | Kind::ActorFetch | Kind::VideoFetch | Kind::CountFetch
        )
    }
}
