using System.Net.Http.Headers;
using System.Text;
using System.Text.RegularExpressions;
using TokenSessions.Service.Tests.Service;
using TokenSessions.Tests.Fuzzing;
using TokenSessions.Tests.Validation;

namespace TokenSessions.Service.Tests.Fuzzing;

/// <summary>The body of a request without any other credential: a form, or JSON. Only a body with the refresh token in it may do anything.</summary>
internal sealed class BodyTarget : IFuzzTarget
{
    private const string Form = "application/x-www-form-urlencoded";
    private const string Json = "application/json";

    private static readonly DocumentMutator Mutator = new(new Dictionary<string, string[]>
    {
        ["refresh_token"] = ["\"\"", "null", "1", "true", "\"\\u0000\"", "\"\\ud800\"", $"\"{new string('a', 8193)}\"", "[]", "\"a.b.c.d.e\""],
        ["everywhere"] = ["true", "false", "\"true\"", "\"\"", "null", "1"],
        ["\\u0065verywhere"] = ["true"],
    });

    private readonly TestService _service = new();
    private string _token = "";

    private BodyTarget() => _service.Leaks.IsOff = true;

    public static async Task<BodyTarget> BeginAsync()
    {
        var target = new BodyTarget();
        target._token = (await target._service.LoginAsync()).RefreshToken;
        return target;
    }

    public FuzzInput Next(Random random)
    {
        var path = random.Next(2) == 0 ? "/oauth2/token" : "/logout";
        if (random.Next(3) == 0)
        {
            var document = Encoding.UTF8.GetBytes($$"""{"refresh_token":"{{_token}}","everywhere":false}""");
            return FuzzInput.Of(Mutator.Mutate(random, document)) with { Variant = $"/logout {Json}" };
        }

        var form = path == "/logout"
            ? $"refresh_token={_token}&everywhere=false"
            : $"grant_type=refresh_token&refresh_token={_token}&client_id=default&scope=reports.read";
        var changed = random.Next(4) switch
        {
            0 when random.Next(20) == 0 => Encoding.ASCII.GetBytes(form),
            0 => Encoding.UTF8.GetBytes(TextMutator.Mutate(random, form, _token).Text),
            1 => Encoding.UTF8.GetBytes(form.Replace(_token, TextMutator.Mutate(random, _token, _token).Text, StringComparison.Ordinal)),
            _ => ByteMutator.Mutate(random, Encoding.ASCII.GetBytes(form), "%00%ff%ed%a0%80%zz%4&&==&refresh_token=x&refresh%5Ftoken=y&everywhere=true&+%2B%25"u8.ToArray()),
        };
        return FuzzInput.Of(changed) with { Variant = $"{path} {Form}" };
    }

    public async Task<bool> RunAsync(FuzzInput input)
    {
        var parts = input.Variant.Split(' ');
        using var content = new ByteArrayContent(input.Bytes) { Headers = { ContentType = new MediaTypeHeaderValue(parts[1]) } };
        var answer = await _service.SendAsync(HttpMethod.Post, parts[0], content);
        FuzzFindingException.ThrowUnless(
            answer.Status is >= 200 and < 300 or >= 400 and < 500 or 503, $"It was answered with {answer.Status}, {answer.Code}.");
        if (answer.Status >= 400)
        {
            FuzzFindingException.ThrowUnless(answer.Code is { Length: > 0 }, $"{answer.Status} without a code.");
            FuzzFindingException.ThrowUnless(answer.Status != 503 || answer.RetryAfter is not null, "503 without Retry-After.");
            return false;
        }

        FuzzFindingException.ThrowUnless(
            Unescape(input.Text).Contains(_token, StringComparison.Ordinal), "It did something without the token.");
        return true;
    }

    public ValueTask DisposeAsync() => _service.DisposeAsync();

    /// <summary>Without the escapes of forms and of JSON.</summary>
    private static string Unescape(string text) => Regex.Replace(
        Uri.UnescapeDataString(text), @"\\u([0-9a-fA-F]{4})", match => $"{(char)Convert.ToInt32(match.Groups[1].Value, 16)}");
}
