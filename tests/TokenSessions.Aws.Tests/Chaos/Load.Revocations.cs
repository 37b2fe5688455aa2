using System.Net;
using System.Text.Json.Nodes;
using TokenSessions.Validation.Denylist;

namespace TokenSessions.Aws.Tests.Chaos;

/// <summary>The administrator, who ends tokens, sessions, and all that a user has begun.</summary>
internal sealed partial class Load
{
    private async Task RevokeAsync()
    {
        if (_admin is null || DateTimeOffset.UtcNow - _admin.Value.At > AdminRenewal)
        {
            _admin = await LogInAsync("admin", _site.Deployment.Issuer) is { } tokens ? (tokens.Body!, tokens.Sent) : _admin;
        }

        if (_admin is null
            || (!_unanswered.TryDequeue(out var target) && (target = AnyToEnd()) is null))
        {
            return;
        }

        target.IsAsked = true;
        var (work, node) = AnyService(Work.RevokeAt1, Work.RevokeAt2);
        var wasShifted = node.IsShifted;
        var admin = new JsonObject { ["access_token"] = _admin.Value.Tokens["access_token"]!.GetValue<string>() };
        var asked = await _judge.AskAsync(work, node, () => _client.TryRevokeAsync(node.Address, NameOf(target.Kind), target.Value, admin));
        if (asked.Status == HttpStatusCode.OK)
        {
            _judge.Well(work, asked);
            var latest = DateTimeOffset.UtcNow + Acknowledgement.LongestBound;
            if (!wasShifted && !node.IsShifted && asked.Body!["effective_by"]!.GetValue<DateTimeOffset>() is var promised && promised > latest)
            {
                _judge.Wrong($"{work}: a revocation is promised for {promised - latest} later than it may be");
            }

            Acknowledged(target, asked);
            return;
        }

        _unanswered.Enqueue(target); // It may stand or not: asked again until somebody says that it does.
        if (asked.Status is not null)
        {
            _judge.Wrong($"{work}: a revocation was answered {asked.Status} {asked.Code}");
        }
    }

    private void Acknowledged(Revocable target, Asked asked)
    {
        target.End ??= new(asked.Sent, DateTimeOffset.UtcNow); // The first counts, where a token is ended twice.
        _ended.Enqueue(target);
        _judge.Phase.Add(Count.Acknowledged);
        if (target.Kind == RuleKind.Subject)
        {
            _users[Array.IndexOf(_users, target)] = new(target.Kind, target.Value); // What is begun from now on lives.
        }
    }

    /// <summary>What to end next: sessions, now and then one token, or all of one user.</summary>
    private Revocable? AnyToEnd()
    {
        var session = Any(session => session is { IsOver: false, IsRevocationAsked: false });
        return (_chosen++ % 6) switch
        {
            1 or 4 => session is null ? null : AnyToken(session).Itself,
            5 => _users[Random.Shared.Next(_users.Length)],
            _ => session?.Itself,
        };
    }

    private static string NameOf(RuleKind kind) => kind switch
    {
        RuleKind.Token => "token",
        RuleKind.Subject => "subject",
        _ => "session",
    };
}
