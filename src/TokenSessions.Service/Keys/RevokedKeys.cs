using TokenSessions.Service.Settings;
using TokenSessions.Validation.Denylist;

namespace TokenSessions.Service.Keys;

/// <summary>Which keys are revoked, asked beside a running service: of the table. The embedded store belongs to the service alone.</summary>
internal sealed class RevokedKeys(ServiceSettings settings, TimeProvider time, IServiceProvider services, TextWriter output)
{
    /// <summary>Whether a <c>key</c> rule stands against a <c>kid</c>, as far as can be told; what cannot is said.</summary>
    public async Task<Func<string, bool>> ReadAsync(CancellationToken cancellationToken)
    {
        if (!settings.Store.IsDynamoDb)
        {
            await output.WriteLineAsync("By the file and the clock; GET /admin/keys of the running service tells which keys are revoked.");
            return _ => false;
        }

        try
        {
            var changes = await services.GetRequiredService<IDenylistFeed>().ReadAsync(time.GetUtcNow(), cancellationToken);
            var standing = changes.Rules.Where(rule => rule.IsStanding).Select(rule => rule.Key).ToHashSet();
            return keyId => standing.Contains(RuleKey.For(settings.Issuer, RuleKind.Key, keyId));
        }
        catch (Exception e) when (e is DenylistUnavailableException or StartException) // Or no client can be made for the table.
        {
            await output.WriteLineAsync($"By the file and the clock; which keys are revoked cannot be read: {e.Message}");
            return _ => false;
        }
    }
}
