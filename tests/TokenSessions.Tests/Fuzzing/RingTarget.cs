using System.Text;
using TokenSessions.Issuing;
using TokenSessions.Issuing.Keys;
using TokenSessions.Tests.Issuing;
using TokenSessions.Tests.Issuing.Keys;

namespace TokenSessions.Tests.Fuzzing;

/// <summary>The key ring file. One that is taken must be usable: at any time, for tokens, the feed and refresh tokens alike.</summary>
internal sealed class RingTarget : IFuzzTarget
{
    private static readonly string[] Times =
    [
        "\"2026-11-20T12:00:00Z\"", "\"2025-11-20T12:00:00Z\"", "\"2026-01-01T00:00:00+14:00\"", "\"0001-01-01T00:00:00Z\"", "\"9999-12-31T23:59:59Z\"",
        "\"9999-12-31T23:59:59.9999999Z\"", "\"0001-01-01T00:00:00+14:00\"", "\"9999-12-31T23:59:59-14:00\"", "\"9999-01-01T00:00:00Z\"", "\"9998-12-01T00:00:00Z\"",
        "\"2026-11-20\"", "\"2026-11-20T12:00:00\"", "\"Z\"", "\"\"", "\"-00:00\"", "\"2026-02-30T00:00:00Z\"", "null", "0", "\"2026-11-20T24:00:00Z\"", "\"2026-11-20T12:00:60Z\"",
    ];

    private static readonly Dictionary<string, string[]> Values = new(KeySetTarget.Values)
    {
        ["purpose"] = ["\"sign\"", "\"feed\"", "\"seal\"", "\"Sign\"", "null", "\"\""],
        ["source"] = ["\"file\"", "\"kms\"", "\"kms-wrapped\"", "\"\"", "null"],
        ["alg"] = ["\"ES256\"", "\"ES384\"", "\"RS256\"", "\"PS256\"", "\"A256GCM\"", "\"none\"", "null", "\"\""],
        ["file"] = ["\"\"", "\".\"", "\"..\"", "\"/\"", "\"a\\u0000b\"", "\"keys.json\"", "\"/dev/null\"", $"\"{new string('f', 5000)}\"", "null", "\"\\ud800\"", "\"../keys.json\""],
        ["starts_at"] = Times,
        ["seals_until"] = Times,
        ["public"] = ["{}", "null", "[]", "\"\""],
    };

    private readonly IssuerUnderTest _issuer = new();
    private readonly DocumentMutator _mutator = new(Values);
    private readonly byte[] _good;
    private string _refreshToken = "";

    private RingTarget() => _good = Encoding.UTF8.GetBytes(_issuer.Ring.Json.ToJsonString());

    public static async Task<RingTarget> BeginAsync()
    {
        var target = new RingTarget();
        target._refreshToken = (await target._issuer.StartAsync()).RefreshToken;
        return target;
    }

    public FuzzInput Next(Random random) => FuzzInput.Of(random.Next(20) == 0 ? _good : _mutator.Mutate(random, _good));

    public async Task<bool> RunAsync(FuzzInput input)
    {
        File.WriteAllBytes(_issuer.Ring.Path, input.Bytes); // Waits here, where the run counts what is allocated.
        KeyRingFile file;
        try
        {
            file = await KeyRingFile.OpenAsync(_issuer.Ring.Path, RingDirectory.Options, _issuer.Time);
        }
        catch (KeyRingException)
        {
            return false;
        }

        using (file)
        {
            await UseAsync(file);
        }

        return true;
    }

    public ValueTask DisposeAsync() => _issuer.DisposeAsync();

    private async Task UseAsync(KeyRingFile file)
    {
        var now = _issuer.Time.GetUtcNow();
        foreach (var moment in new[] { now, now.AddYears(2), DateTimeOffset.UnixEpoch, DateTimeOffset.MaxValue.AddDays(-1) })
        {
            var keys = file.Current.PublishedKeys(moment, _ => false);
            var feedKeys = file.Current.PublishedFeedKeys(moment, _ => false);
            FuzzFindingException.ThrowUnless(
                !keys.Keys.Select(key => key.KeyId).Intersect(feedKeys.Keys.Select(key => key.KeyId)).Any(), "A token key is a feed key.");
            _ = file.Current.Problems(moment, kid => kid.Length % 2 == 0).ToArray();
            _ = file.Current.Entries.Select(entry => file.Current.StateOf(entry, moment, _ => false)).ToArray();
        }

        _ = file.FindFeedKey(_ => false);
        _ = await file.ReloadAsync();
        var sessions = new SessionIssuer(_issuer.Options, file, _issuer.Store, _issuer.Subjects, _issuer.Time);
        _ = sessions.FindHomeRegion(_refreshToken);
        try
        {
            var started = await sessions.StartAsync(new() { Subject = IssuerUnderTest.Subject });
            FuzzFindingException.ThrowUnless(started.IsIssued, $"No session starts: {started.Rejection}.");
        }
        catch (SigningKeyUnavailableException)
        {
            // The file may leave a purpose without a key, and says so in Problems.
        }
    }
}
