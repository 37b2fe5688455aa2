using System.Text.Json.Nodes;
using TokenSessions.Issuing;
using TokenSessions.Issuing.Keys;
using TokenSessions.Tests.Issuing;
using TokenSessions.Tests.Issuing.Keys;

namespace TokenSessions.Tests.Vectors;

/// <summary>Asks an issuer for its verdicts on refresh tokens.</summary>
internal sealed class RefreshTokenReader : IAsyncDisposable
{
    private static readonly string[] NotOpened = [$"{SessionRejection.RefreshTokenInvalid}", $"{SessionRejection.SealingKeyUnknown}"];

    private IssuerUnderTest? _issuer;
    private (string KeySet, DateTimeOffset Now) _told;

    /// <summary>
    /// Every answer that is not the one expected; empty if all are right. A token that is not opened must not reach the store,
    /// whatever is asked for with it.
    /// </summary>
    public async Task<IReadOnlyList<string>> FindWrongAnswersAsync(Vector vector, CancellationToken cancellationToken)
    {
        var issuer = await GetIssuerAsync(vector);
        var wrong = new List<string>();
        await AskAsync("refresh", vector.Expected, async () =>
            await issuer.RefreshAsync(vector.Token) is { IsIssued: false } refused ? $"{refused.Rejection}" : Vector.Accepted);
        if (NotOpened.Contains(vector.Expected))
        {
            await AskAsync("home region", "", () => Task.FromResult($"{issuer.Sessions.FindHomeRegion(vector.Token)}"));
            foreach (var everywhere in (bool[])[false, true])
            {
                await AskAsync("logout", vector.Expected, async () =>
                    await issuer.Sessions.EndAsync(vector.Token, everywhere, cancellationToken) is { IsEnded: false } ended ? $"{ended.Rejection}" : Vector.Accepted);
            }

            await AskAsync("calls of the store", "", () => Task.FromResult(string.Join(' ', issuer.Store.Calls)));
        }

        return wrong;

        async Task AskAsync(string what, string expected, Func<Task<string>> ask)
        {
            var answer = "";
            try
            {
                answer = await ask();
            }
            catch (Exception e) when (e is not OperationCanceledException) // Nothing in a token may throw, so this is a wrong answer, too.
            {
                answer = e.GetType().Name;
            }

            if (answer != expected)
            {
                wrong.Add($"{vector.Name}: '{answer}', not '{expected}' ({what})");
            }
        }
    }

    public ValueTask DisposeAsync() => _issuer?.DisposeAsync() ?? default;

    /// <summary>One that no token before has reached.</summary>
    private async ValueTask<IssuerUnderTest> GetIssuerAsync(Vector vector)
    {
        if (_issuer is null || _issuer.Store.Calls.Count > 0 || _told != (vector.PublishedKeySet, vector.Now))
        {
            await DisposeAsync();
            (_issuer, _told) = (new(), (vector.PublishedKeySet, vector.Now));
            _issuer.Time.StepWallClock(vector.Now - Vector.DefaultNow);
            AddSealingKey(_issuer, JsonNode.Parse(vector.PublishedKeySet)!["keys"]![0]!);
        }

        return _issuer;
    }

    /// <summary>One that sealed before those of the ring: refresh tokens under it are opened.</summary>
    private static void AddSealingKey(IssuerUnderTest issuer, JsonNode jwk)
    {
        var standing = issuer.Ring.Of("seal")[0];
        var added = standing.DeepClone().AsObject();
        (added["kid"], added["file"]) = ((string)jwk["kid"]!, "vectors.key");
        RingDirectory.StartAt(added, Vector.DefaultNow.AddDays(-1));
        File.Copy(issuer.Ring.FileOf(standing), issuer.Ring.FileOf(added)); // With its permissions.
        File.WriteAllText(issuer.Ring.FileOf(added), (string)jwk["k"]!);
        issuer.Ring.Keys.Add(added);
        issuer.Ring.Save();
        var reload = issuer.Keys.Reload();
        Assert.True(reload.Change == KeyRingChange.Replaced, reload.Problem);
    }
}
