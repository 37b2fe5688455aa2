using TokenSessions.Issuing.Stores;
using TokenSessions.Validation.Denylist;

namespace TokenSessions.Issuing.Denylist;

/// <summary>The protocol of a rule: the authority, then the feed, then the authority is marked as fed. Only then is it acknowledged.</summary>
internal sealed class RuleWriter(ISessionStore store, HeadReader head, SessionIssuerOptions options, TimeProvider time)
{
    /// <summary>
    /// A validator looks for new rules by their stamps and only so far back. An item that became durable later than this after
    /// its stamp might be found minutes late, so it is written again under a new one.
    /// </summary>
    private static readonly TimeSpan MaxFeedDelay = TimeSpan.FromSeconds(10);

    /// <summary>How long an authority outlives the sessions it ends.</summary>
    private static readonly TimeSpan AuthorityMargin = TimeSpan.FromDays(1);

    private const int MaxStamps = 3;

    /// <summary>Makes a rule and tells when it acts.</summary>
    /// <param name="kind">What to end.</param>
    /// <param name="value">Of what.</param>
    /// <param name="tokenExpiresAt">The <c>exp</c> of the token that a <c>token</c> rule ends, if it is known.</param>
    /// <param name="reason">Why.</param>
    /// <param name="actor">Who.</param>
    /// <param name="cancellationToken">The request's deadline.</param>
    /// <inheritdoc cref="DenyAsync" path="/exception"/>
    public async Task<Revocation> RevokeAsync(
        RuleKind kind, string value, DateTimeOffset? tokenExpiresAt, string reason, string actor, CancellationToken cancellationToken)
    {
        var item = await DenyAsync(kind, value, tokenExpiresAt, reason, actor, TokenId.New(), cancellationToken).ConfigureAwait(false);
        return Revocation.Of(item, options, time);
    }

    /// <summary>Makes a rule and returns when it is durable and in the feed.</summary>
    /// <param name="kind">What to end.</param>
    /// <param name="value">Of what.</param>
    /// <param name="tokenExpiresAt">The <c>exp</c> of the token that a <c>token</c> rule ends, if it is known.</param>
    /// <param name="reason">Why.</param>
    /// <param name="actor">Who.</param>
    /// <param name="requestId">Of this request.</param>
    /// <param name="cancellationToken">The request's deadline.</param>
    /// <exception cref="SessionStoreUnavailableException">That is not confirmed. Asking again is safe.</exception>
    public async Task<AuthorityItem> DenyAsync(
        RuleKind kind, string value, DateTimeOffset? tokenExpiresAt, string reason, string actor, string requestId,
        CancellationToken cancellationToken)
    {
        var agreed = await head.ReadAsync(cancellationToken).ConfigureAwait(false);
        var now = time.GetUtcNow();
        DateTimeOffset? end = kind switch
        {
            RuleKind.Key => null,
            RuleKind.Token => (tokenExpiresAt ?? now + agreed.LongestAccessTokenLifetime + options.ClockSkew) + SessionIssuerOptions.FeedMargin,
            _ => now + agreed.LongestRefreshLife + AuthorityMargin,
        };
        var denial = new Denial(new(options.Issuer, kind, value, options.Region), now, end, reason, actor, requestId);
        var item = await store.DenyAsync(denial, cancellationToken).ConfigureAwait(false);
        await CompleteAsync(item, cancellationToken).ConfigureAwait(false);
        return item;
    }

    /// <summary>Brings a rule into the feed, if that has not been done: its writer may have died before.</summary>
    /// <remarks>
    /// A watermark is brought there by its own region alone. It may be raised there at this moment, and the last writer's whole
    /// item stays: our mark, or our feed item of the same millisecond, could take the place of the larger T. What denies
    /// outright is the same whoever writes it.
    /// </remarks>
    /// <inheritdoc cref="DenyAsync" path="/exception"/>
    public async Task CompleteAsync(AuthorityItem item, CancellationToken cancellationToken)
    {
        if (!item.IsDenied || item.IsFed || (item.Key.Kind.IsWatermark() && item.Key.Region != options.Region))
        {
            return;
        }

        var window = (await head.ReadAsync(cancellationToken).ConfigureAwait(false)).Window;
        for (var stamps = 0; ; stamps++)
        {
            if (stamps == MaxStamps)
            {
                throw new SessionStoreUnavailableException(
                    $"The feed took longer than {MaxFeedDelay.TotalSeconds} s to write a rule, {MaxStamps} times.");
            }

            var (stampedAt, timestamp) = (time.GetUtcNow(), time.GetTimestamp());
            var isStanding = item.Key.Kind.IsStanding();
            var rule = new DenylistRule(item.Key.RuleKey, stampedAt.ToUnixTimeMilliseconds(), item.Watermark, isStanding);
            await store.WriteFeedAsync(rule, isStanding ? null : stampedAt + window, cancellationToken).ConfigureAwait(false);
            if (time.GetElapsedTime(timestamp) <= MaxFeedDelay && (time.GetUtcNow() - stampedAt).Duration() <= MaxFeedDelay)
            {
                break;
            }
        }

        await store.MarkFedAsync(item.Key, item.Watermark, cancellationToken).ConfigureAwait(false);
    }
}
