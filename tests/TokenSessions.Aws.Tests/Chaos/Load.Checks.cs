using System.Net;
using System.Text.Json.Nodes;

namespace TokenSessions.Aws.Tests.Chaos;

/// <summary>Whoever presents access tokens: good ones, revoked ones, and forged ones.</summary>
internal sealed partial class Load
{
    private const int TokensPerForgery = 20;

    /// <summary>Tokens live 9.5 minutes at least.</summary>
    private static readonly TimeSpan SurelyLive = TimeSpan.FromMinutes(9);

    /// <summary>
    /// At the end: of the tokens that were revoked, those that their sessions have kept and that have surely not expired are refused by
    /// everybody, with their reason; and no session that has ended is refreshed, by whichever service.
    /// </summary>
    public async Task CheckAllRevokedAsync()
    {
        await Parallel.ForEachAsync(_sessions.Where(session => session.EndedTokens.Any()), new ParallelOptions { MaxDegreeOfParallelism = 4 }, async (session, _) =>
        {
            foreach (var token in session.EndedTokens)
            {
                foreach (var node in _site.Nodes)
                {
                    await CheckAsync(node, session, token, isForged: false);
                }
            }

            if (session.IsEnded)
            {
                await RefreshOnceAsync(Random.Shared.Next(2), session, session.RefreshTokens[^1]);
            }
        });
    }

    private Task CheckAsync()
    {
        var session = Any(session => !session.IsRevocationAsked);
        return session is null ? Task.CompletedTask : CheckAsync(AnyNode(), session, AnyToken(session), IsToBeForged());
    }

    private Task CheckRevokedAsync()
    {
        var session = Any(session => session.EndedTokens.Any());
        return session is null ? Task.CompletedTask : CheckAsync(AnyNode(), session, AnyOf([.. session.EndedTokens]), IsToBeForged());
    }

    private async Task CheckAsync(Node node, LoadSession session, HeldToken token, bool isForged)
    {
        if (DateTimeOffset.UtcNow - token.GotAt > SurelyLive)
        {
            return;
        }

        var (work, path) = node == _site.FeedApi ? (Work.CheckAtFeedApi, "reports")
            : node == _site.TableApi ? (Work.CheckAtTableApi, "reports")
            : (node == _site.Service1 ? Work.CheckAt1 : Work.CheckAt2, "session");
        var text = isForged ? Forge(token.Text) : token.Text;
        var refusedFrom = session.RefusedFrom(token, work, _judge.IsBlind(work)); // Before it is sent.
        var asked = await _judge.AskAsync(work, node, () => _client.GetAsync(new(node.Address, path), new JsonObject { ["access_token"] = text }));
        switch (asked.Status)
        {
            case null:
                break;
            case HttpStatusCode.OK when isForged:
                _judge.Wrong($"{work}: a token that nobody issued was accepted");
                break;
            case HttpStatusCode.OK when asked.Sent >= refusedFrom:
                _judge.Wrong($"{work}: a token of session {session.Id} was accepted {asked.Sent - refusedFrom} after its end had to be heeded", Count.Lost);
                break;
            case HttpStatusCode.OK:
            case HttpStatusCode.Unauthorized when isForged ? asked.Code == "invalid_token" : asked.Code == "token_revoked" && (session.IsRevocationAsked || token.Itself.IsAsked):
                _judge.Well(work, asked);
                break;
            default:
                _judge.Wrong($"{work}: {(isForged ? "a forged" : "a good")} token was answered {asked.Status} {asked.Code} (session {session.Id})");
                break;
        }
    }

    private static bool IsToBeForged() => Random.Shared.Next(TokensPerForgery) == 0;

    /// <summary>Another character in the middle of the signature.</summary>
    private static string Forge(string token)
    {
        var at = token.Length - 20;
        return token[..at] + (token[at] == 'A' ? 'B' : 'A') + token[(at + 1)..];
    }

    private Node AnyNode() => _site.Nodes[Random.Shared.Next(_site.Nodes.Count)];

    private static HeldToken AnyToken(LoadSession session) => AnyOf(session.AccessTokens);

    private static HeldToken AnyOf(IReadOnlyList<HeldToken> tokens) => tokens[Random.Shared.Next(tokens.Count)];
}
