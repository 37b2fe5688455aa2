using TokenSessions.Issuing;
using TokenSessions.Issuing.Stores;
using TokenSessions.Validation;
using TokenSessions.Validation.Denylist;
using TokenSessions.Validation.Keys;

namespace TokenSessions.Tests.Simulation;

/// <summary>Something happened that must never happen.</summary>
internal sealed class ViolationException(string rule, string what) : Exception($"{rule}: {what}")
{
    public static void Unless(bool holds, string rule, Func<string> what)
    {
        if (!holds)
        {
            throw new ViolationException(rule, what());
        }
    }
}

/// <summary>At most one refresh token of a session can still succeed; within the grace the one before it gets the same successor.</summary>
internal static class SingleLineage
{
    /// <summary>Two clocks may each differ from the true time by so much before their nodes stop.</summary>
    public static readonly TimeSpan ClockAllowance = TimeSpan.FromSeconds(12);

    /// <summary>Of the tokens that were handed out, no two generations are as new as what the store has counted to.</summary>
    public static void Check(World world)
    {
        foreach (var session in world.History.Sessions)
        {
            var item = world.Table.Regions[session.Home].Find(session.Key);
            var stored = item?.Generation ?? 0;
            ViolationException.Unless(
                stored == session.Generation, nameof(SingleLineage),
                () => $"session {session.Number} stands at generation {stored}, and was counted to {session.Generation}");
            var good = session.RefreshTokens.Keys.Count(generation => generation >= stored);
            ViolationException.Unless(good <= 1, nameof(SingleLineage), () => $"session {session.Number} has {good} tokens that can be spent");
        }
    }

    /// <summary>A generation is counted once, and the count never falls: else a spent token could succeed again.</summary>
    public static void CheckAdvance(Session session, SessionAdvance advance) => ViolationException.Unless(
        advance.Spent + 1 >= session.Generation, nameof(SingleLineage),
        () => $"session {session.Number} went back from generation {session.Generation} to {advance.Spent + 1}");

    /// <summary>Nobody holds a token that the store has not counted, nor was a token good that had been spent before the grace.</summary>
    public static void CheckRefreshed(Request request, PresentedToken presented)
    {
        var (session, generation) = (presented.Session, presented.Generation);
        ViolationException.Unless(
            generation + 1 <= session.Generation, nameof(SingleLineage),
            () => $"session {session.Number} handed out generation {generation + 1}, and the store has counted to {session.Generation}");
        ViolationException.Unless(
            generation >= presented.Stored - 1, nameof(SingleLineage),
            () => $"session {session.Number} took generation {generation}, when {presented.Stored} was current");
        ViolationException.Unless(
            generation >= presented.Stored
                || request.BegunAt - session.RotatedAt[presented.Stored] < IssuerNode.Grace + ClockAllowance + Clients.Deadline, nameof(SingleLineage),
            () => $"session {session.Number} took generation {generation}, which was spent {request.BegunAt - session.RotatedAt[presented.Stored]} before");
    }
}

/// <summary>
/// A rule acknowledged at t is heeded by every validator that synced after t + bound, for ever, and by every validator after
/// <c>MaxStaleness</c>; and by every issuer of its region at once.
/// </summary>
/// <remarks>
/// In another region t is when the rule arrived there, and later by up to 6 minutes if that took long, or by twice that through the
/// signed feed. A read of the feed may lag, so a poll sent just after t may miss the rule: what was accepted by it grows stale that
/// much later. When somebody else's document was made is known by their clock, and how long ago that is by one's own.
/// While regions are cut off from each other for more than 5 minutes, the session's home knows nothing of the rule, and what it issues
/// outlives the rule where that is known: it is good.
/// </remarks>
internal static class NoLostRevocation
{
    /// <summary>Rules are kept for so much longer than an access token lives.</summary>
    private static readonly TimeSpan KeptLonger = ValidatorNode.ClockSkew + TimeSpan.FromMinutes(5);

    /// <summary>So much older than its validator reckons a denylist may be.</summary>
    public static TimeSpan Uncertainty(ValidatorNode validator) =>
        SimulatedFeed.MaxLag + (validator.ReadsSignedFeed ? AnswerDates.MaxDifference * 2 : TimeSpan.Zero);

    public static void CheckAccepted(World world, ValidatorNode validator, AccessToken token)
    {
        foreach (var rule in world.History.Rules)
        {
            if (!rule.IsAcknowledged || !rule.Ends(token) || world.History.FoundFrom(rule, validator) is not { } found
                || IsOfAHomeThatCannotKnow(world, rule, token))
            {
                continue;
            }

            ViolationException.Unless(
                validator.ReadsSignedFeed || !(validator.SyncedAt > found + Promises.RevocationBound), nameof(NoLostRevocation),
                () => $"{validator.Name} synced {validator.SyncedAt - found} after a {rule.Kind} rule of step {rule.AskedAtStep} and accepted");
            ViolationException.Unless(
                validator.DenylistAsOf <= found + Promises.RevocationBound + AnswerDates.MaxDifference, nameof(NoLostRevocation),
                () => $"{validator.Name} accepted by what was read {validator.DenylistAsOf - found} after a {rule.Kind} rule of step {rule.AskedAtStep}");
            ViolationException.Unless(
                world.Time.Elapsed <= found + ValidatorNode.MaxStaleness + Uncertainty(validator), nameof(NoLostRevocation),
                () => $"{validator.Name} accepted {world.Time.Elapsed - found} after a {rule.Kind} rule of step {rule.AskedAtStep}");
        }
    }

    /// <summary>And where the rule was known it is known no more: it was stamped by so much before it was acknowledged.</summary>
    private static bool IsOfAHomeThatCannotKnow(World world, Rule rule, AccessToken token) =>
        token.HandedOutAt > rule.AcknowledgedAt + KeptLonger
        && world.Time.Elapsed > rule.AcknowledgedAt + IssuerNode.AccessTokenLifetime + KeptLonger - Clients.LongestDeadline
        && !world.History.HadArrived(rule, token.Session.Home, token.HandedOutAt - Clients.Deadline);

    public static void CheckRefreshed(World world, Request request, PresentedToken presented)
    {
        foreach (var rule in world.History.Rules)
        {
            var isMeant = rule.Ends(presented.Session) || (rule.Kind is RuleKind.Key && rule.Key.Value == presented.KeyId);
            ViolationException.Unless(
                !rule.IsAcknowledged || !isMeant || !world.History.IsReadFrom(rule, presented.Session.Home, request.BegunAtStep),
                nameof(NoLostRevocation),
                () => $"session {presented.Session.Number} went on after a {rule.Kind} rule of step {rule.AskedAtStep}");
        }
    }
}

/// <summary>
/// Nothing ends but what somebody asked to end, and a session for reuse only when someone really used a consumed token: older than
/// the previous one, or the previous one after the grace. And nothing is refused as revoked against which there is no rule, nor for
/// want of a key that was there to be asked for.
/// </summary>
internal static class NoFalseTheft
{
    /// <summary>A node asks the store to end something.</summary>
    public static void CheckDenied(Request request, Denial denial)
    {
        if (denial.Key == request.Ends)
        {
            return;
        }

        ViolationException.Unless(
            request.Presented is { } presented && denial.Key == presented.Session.Key with { Region = ((IssuerNode)request.Node).Region },
            nameof(NoFalseTheft), () => $"{request.Name} ends a {denial.Key.Kind}");
        CheckEndedUnasked(request.World, request, denial);
    }

    private static void CheckEndedUnasked(World world, Request request, Denial denial)
    {
        var (session, generation) = (request.Presented!.Session, request.Presented.Generation);
        if (!denial.Reason.Contains("used again", StringComparison.Ordinal))
        {
            ViolationException.Unless(
                world.History.OnceDisabled.Contains(session.Subject), nameof(NoFalseTheft), () => $"session {session.Number}: {denial.Reason}");
            return;
        }

        world.History.Note("reuse found");
        ViolationException.Unless(
            generation < session.Generation, nameof(NoFalseTheft),
            () => $"session {session.Number} ends for generation {generation}, and nobody has spent it");
        ViolationException.Unless(
            generation < session.Generation - 1
                || world.Time.Elapsed - session.RotatedAt[session.Generation] >= IssuerNode.Grace - SingleLineage.ClockAllowance, nameof(NoFalseTheft),
            () => $"session {session.Number} ends for generation {generation}, spent only {world.Time.Elapsed - session.RotatedAt[session.Generation]} before");
    }

    public static void CheckRefused(World world, Session session, SessionRejection rejection) => ViolationException.Unless(
        rejection is not SessionRejection.SessionRevoked || world.History.HasRuleAgainst(session), nameof(NoFalseTheft),
        () => $"session {session.Number} is refused as revoked, and no rule stands against it");

    /// <summary>The keys of all tokens that live are published, but for those that somebody revoked.</summary>
    public static void CheckPublished(World world, IssuerNode issuer, KeySet keys)
    {
        if (issuer.Clock.Offset > AnswerDates.MaxDifference)
        {
            return; // By a clock that is far ahead they have expired.
        }

        foreach (var token in world.History.AccessTokens.Values)
        {
            ViolationException.Unless(
                token.ExpiresAt <= world.Time.GetUtcNow() || keys.Find(token.KeyId) is not null || world.History.IsKeyRevoked(token.KeyId),
                nameof(NoFalseTheft), () => $"{issuer.Name} does not publish the key of a token of session {token.Session.Number}");
        }
    }

    /// <summary>What was issued is refused for its time, its audience, a rule, its key's end, or an outage, and for nothing else.</summary>
    public static void CheckRefused(World world, ValidatorNode validator, AccessToken token, TimeSpan presentedAt, TokenRejection rejection)
    {
        var isReason = rejection switch
        {
            // What ends one token is forgotten soon after its exp, and a clock that was set back asks again.
            TokenRejection.Revoked => world.History.HasRuleAgainst(token.Session, token.TokenId, token.KeyId) || world.Time.GetUtcNow() >= token.ExpiresAt,
            TokenRejection.AudienceMismatch => token.Audience != validator.Audience,
            TokenRejection.Expired => validator.Clock.GetUtcNow() >= token.ExpiresAt || world.Time.GetUtcNow() >= token.ExpiresAt,
            TokenRejection.NotYetValid => validator.Clock.GetUtcNow() < token.IssuedAt - ValidatorNode.ClockSkew,
            TokenRejection.RevocationUnknown => !validator.IsInStep,
            _ => rejection == validator.KeySource.WhyUnknown(token.KeyId, presentedAt),
        };
        ViolationException.Unless(
            isReason, nameof(NoFalseTheft),
            () => $"{validator.Name} refuses a token of session {token.Session.Number} as {rejection}, and nothing is against it");
    }
}

/// <summary>
/// Every accepted token was issued in this run, is an access token, is for this API, and has not expired: neither by the validator's
/// own clock nor, whatever that shows, by the true time at which its denylist was made.
/// </summary>
internal static class NoForgedAcceptance
{
    public static AccessToken CheckAccepted(World world, ValidatorNode validator, string text)
    {
        var token = world.History.AccessTokens.GetValueOrDefault(text);
        ViolationException.Unless(token is not null, nameof(NoForgedAcceptance), () => $"{validator.Name} accepted what nobody issued");
        ViolationException.Unless(
            validator.Clock.GetUtcNow() < token!.ExpiresAt + ValidatorNode.ClockSkew, nameof(NoForgedAcceptance),
            () => $"{validator.Name} accepted a token that expired {validator.Clock.GetUtcNow() - token.ExpiresAt} before");
        var sinceExpiry = world.Time.GetUtcNow() - token.ExpiresAt;
        ViolationException.Unless(
            sinceExpiry <= ValidatorNode.ClockSkew + ValidatorNode.MaxStaleness + NoLostRevocation.Uncertainty(validator), nameof(NoForgedAcceptance),
            () => $"{validator.Name} accepted a token that expired {sinceExpiry} before in truth");
        ViolationException.Unless(
            token.Audience == validator.Audience, nameof(NoForgedAcceptance), () => $"{validator.Name} accepted a token for {token.Audience}");
        return token;
    }
}
