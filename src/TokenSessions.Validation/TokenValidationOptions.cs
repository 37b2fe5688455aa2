using TokenSessions.Validation.Denylist;

namespace TokenSessions.Validation;

/// <summary>What one API accepts. Checked when the <see cref="TokenValidator"/> is built.</summary>
public sealed record TokenValidationOptions
{
    internal const string TypePrefix = "application/";

    private const int MaxRemembered = 1_000_000;
    private const long Mebibyte = 1024 * 1024;
    private const long MaxBytes = 16 * 1024 * Mebibyte;

    private static readonly TimeSpan MaxClockSkew = TimeSpan.FromMinutes(5);
    private static readonly TimeSpan MaxLifetimeLimit = TimeSpan.FromHours(24);
    private static readonly TimeSpan MaxStalenessLimit = TimeSpan.FromMinutes(10);
    private static readonly TimeSpan MaxOutage = TimeSpan.FromHours(1);
    private static readonly TimeSpan MaxExpiredFor = TimeSpan.FromHours(24);

    /// <summary>The only <c>iss</c> accepted, compared ordinally. Required.</summary>
    public string Issuer { get; set; } = "";

    /// <summary>The <c>aud</c> values that name this API, compared ordinally; one of the token's must be among them. At least one.</summary>
    /// <remarks>Empty only together with <see cref="AcceptAnyAudience"/>.</remarks>
    public IList<string> Audiences { get; set; } = [];

    /// <summary>Accepts a token whatever its audience: for the issuer's own endpoints that serve every session. Default false.</summary>
    public bool AcceptAnyAudience { get; set; }

    /// <summary>The <c>typ</c> values accepted, without <c>application/</c>, in any case. Default <c>at+jwt</c> alone (RFC 9068 §4).</summary>
    public IList<string> Types { get; set; } = ["at+jwt"];

    /// <summary>How far our clock and the issuer's may differ. Default 30 seconds, at most 5 minutes.</summary>
    public TimeSpan ClockSkew { get; set; } = TimeSpan.FromSeconds(30);

    /// <summary>The longest <c>exp − iat</c> accepted. Default 1 hour, at most 24 hours.</summary>
    public TimeSpan MaxTokenLifetime { get; set; } = TimeSpan.FromHours(1);

    /// <summary>How old the denylist snapshot may be before its answer is <em>unknown</em>. Default 30 seconds, 5 seconds to 10 minutes.</summary>
    public TimeSpan MaxStaleness { get; set; } = TimeSpan.FromSeconds(30);

    /// <summary>
    /// For how long beyond <see cref="MaxStaleness"/> tokens are accepted on an old snapshot. Default 0: never. At most 1 hour.
    /// Revocations made in that time are not seen. Never covers start-up: without a first complete sync nothing is accepted.
    /// </summary>
    public TimeSpan AcceptTokensWhileDenylistIsDown { get; set; } = TimeSpan.Zero;

    /// <summary>
    /// For how long beyond its <c>exp</c> a token is still accepted. Default 0. At most 24 hours. Only for an endpoint that ends
    /// the session and does nothing else, so that a client that was idle can sign out.
    /// </summary>
    public TimeSpan AcceptTokensExpiredFor { get; set; } = TimeSpan.Zero;

    /// <summary>Accepts tokens with no denylist at all: a revoked token lives until it expires. Default false.</summary>
    public bool AcceptTokensWithoutDenylist { get; set; }

    /// <summary>
    /// How many verified tokens are remembered, so that a repeat costs no signature check; time, key and denylist are asked all the
    /// same. Default 10,000, at most 1,000,000; 0 remembers none. Takes 80 to 160 bytes a token at start, used or not, and beside <see cref="MaxRememberedBytes"/>.
    /// </summary>
    public int MaxRememberedTokens { get; set; } = 10_000;

    /// <summary>
    /// How many bytes the remembered tokens may take: 12 a character and 512 a token are reckoned, which with claims built is about
    /// right for tokens of many roles and twice what common ones take. Default 96 MiB, 1 MiB to 16 GiB. A token of thousands of
    /// words of one letter takes up to 8 times more than is reckoned; only the issuer can make such a one.
    /// </summary>
    public long MaxRememberedBytes { get; set; } = 96 * Mebibyte;

    /// <summary>Everything wrong with these options, not only the first thing; empty when they can be used.</summary>
    public IEnumerable<string> Problems()
    {
        if (string.IsNullOrWhiteSpace(Issuer))
        {
            yield return $"{nameof(Issuer)} is missing: give the exact iss of the tokens to accept.";
        }

        if (Audiences.Any(string.IsNullOrWhiteSpace))
        {
            yield return $"{nameof(Audiences)} has an empty entry.";
        }

        if (Audiences.Count == 0 && !AcceptAnyAudience)
        {
            yield return $"{nameof(Audiences)} is missing: give the aud that names this API.";
        }

        if (Types.Count == 0 || Types.Any(string.IsNullOrWhiteSpace))
        {
            yield return $"{nameof(Types)} must have at least one entry and no empty one.";
        }

        if (Types.FirstOrDefault(type => type?.StartsWith(TypePrefix, StringComparison.OrdinalIgnoreCase) is true) is { } prefixed)
        {
            yield return $"{nameof(Types)} has {prefixed}: leave out {TypePrefix}, which a token may have or not (RFC 7515 §4.1.9).";
        }

        if (ClockSkew < TimeSpan.Zero || ClockSkew > MaxClockSkew)
        {
            yield return $"{nameof(ClockSkew)} must be from 0 to {MaxClockSkew}, but is {ClockSkew}.";
        }

        if (MaxTokenLifetime <= TimeSpan.Zero || MaxTokenLifetime > MaxLifetimeLimit)
        {
            yield return $"{nameof(MaxTokenLifetime)} must be above 0 and at most {MaxLifetimeLimit}, but is {MaxTokenLifetime}.";
        }

        if (MaxStaleness < DenylistSync.RevocationBound || MaxStaleness > MaxStalenessLimit)
        {
            yield return $"{nameof(MaxStaleness)} must be from {DenylistSync.RevocationBound} to {MaxStalenessLimit}, but is {MaxStaleness}.";
        }

        if (AcceptTokensWhileDenylistIsDown < TimeSpan.Zero || AcceptTokensWhileDenylistIsDown > MaxOutage)
        {
            yield return $"{nameof(AcceptTokensWhileDenylistIsDown)} must be from 0 to {MaxOutage}, but is {AcceptTokensWhileDenylistIsDown}.";
        }

        if (AcceptTokensExpiredFor < TimeSpan.Zero || AcceptTokensExpiredFor > MaxExpiredFor)
        {
            yield return $"{nameof(AcceptTokensExpiredFor)} must be from 0 to {MaxExpiredFor}, but is {AcceptTokensExpiredFor}.";
        }

        if (MaxRememberedTokens is < 0 or > MaxRemembered)
        {
            yield return $"{nameof(MaxRememberedTokens)} must be from 0 to {MaxRemembered}, but is {MaxRememberedTokens}.";
        }

        if (MaxRememberedBytes is < Mebibyte or > MaxBytes)
        {
            yield return $"{nameof(MaxRememberedBytes)} must be from {Mebibyte} to {MaxBytes}, but is {MaxRememberedBytes}.";
        }
    }
}
