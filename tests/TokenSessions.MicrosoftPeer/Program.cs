using System.IdentityModel.Tokens.Jwt;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using Microsoft.IdentityModel.Tokens;
using TokenSessions.MicrosoftPeer;

// Verifies tokens with the handler that its argument names, one line of JSON at a time, until standard input ends:
// {"issuer", "audience", "types", "algorithms", "skew" and "life" in seconds, "now" in milliseconds since 1970, "keySet" (a text), "tokens"},
// answered by a list with one entry for each token: null if it is refused, else [iss, sub, client_id, jti, sid, exp, iat, aud...].
Func<string, TokenValidationParameters, IEnumerable<string?>?> verify = args is [nameof(JwtSecurityTokenHandler)] ? Peers.Jwt : Peers.Web;
while (Console.ReadLine() is { } line)
{
    var question = JsonNode.Parse(line)!;
    var parameters = Peers.Parameters(question);
    var answers = question["tokens"]!.AsArray().Select(token => parameters is null ? null : verify(Text(token!), parameters));
    Console.WriteLine(JsonSerializer.Serialize(answers));
}

// Half a surrogate pair is none to JsonNode; Regex knows all escapes of JSON.
static string Text(JsonNode token) => Regex.Unescape(token.GetValue<JsonElement>().GetRawText()[1..^1]);
