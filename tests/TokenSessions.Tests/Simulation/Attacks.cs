using System.Text;
using TokenSessions.Validation.Jose;

namespace TokenSessions.Tests.Simulation;

/// <summary>Texts that no validator may take.</summary>
internal sealed class Attacks(World world, Clients clients)
{
    public void Try(ValidatorNode validator)
    {
        if (world.History.Sessions.Count == 0)
        {
            return;
        }

        var session = world.History.Sessions[world.Random.Next(world.History.Sessions.Count)];
        var token = session.AccessTokens[world.Random.Next(session.AccessTokens.Count)];
        var segments = token.Text.Split('.');
        var (what, text) = world.Random.Next(4) switch
        {
            0 => ("a refresh token", session.RefreshTokens[session.NewestKnown].Text),
            1 => ("another's signature", $"{segments[0]}.{segments[1]}.{Signature($"{segments[0]}.{segments[1]}")}"),
            2 => ("a longer life", Longer(segments, token)),
            _ => ("no signature", $"{segments[0]}.{segments[1]}."),
        };
        clients.Present(validator, text, what, result => ViolationException.Unless(
            !result.IsValid, nameof(NoForgedAcceptance), () => $"{validator.Name} accepted {what}"));
    }

    private string Signature(string signingInput) =>
        StrictBase64Url.Encode(world.Keys.SignWithAnother(Encoding.ASCII.GetBytes(signingInput)));

    private static string Longer(string[] segments, AccessToken token)
    {
        var claims = Encoding.UTF8.GetString(StrictBase64Url.Decode(segments[1])!);
        var exp = token.ExpiresAt.ToUnixTimeSeconds();
        var longer = claims.Replace($"\"exp\":{exp}", $"\"exp\":{exp + 60}", StringComparison.Ordinal);
        return $"{segments[0]}.{StrictBase64Url.Encode(Encoding.UTF8.GetBytes(longer))}.{segments[2]}";
    }
}
