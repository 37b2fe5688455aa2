using System.Text.Json;
using Microsoft.AspNetCore.Http;

namespace TokenSessions.Service.Tests.Bearer;

/// <summary>What a caller gets to see.</summary>
internal sealed record Answer(int Status, string? Challenge, string? RetryAfter, string? ContentType, string Body)
{
    /// <summary>The stable code of a problem; null where the body is none.</summary>
    public string? Code
    {
        get
        {
            if (ContentType != "application/problem+json")
            {
                return null;
            }

            using var problem = JsonDocument.Parse(Body);
            Assert.Equal(Status, problem.RootElement.GetProperty("status").GetInt32());
            Assert.NotEmpty(problem.RootElement.GetProperty("title").GetString()!);
            Assert.NotEmpty(problem.RootElement.GetProperty("detail").GetString()!);
            return problem.RootElement.GetProperty("code").GetString();
        }
    }

    public static async Task<Answer> ReadAsync(HttpResponse response)
    {
        using var body = new StreamReader(response.Body);
        return new(
            response.StatusCode,
            response.Headers.WWWAuthenticate.Count > 0 ? string.Join(" | ", response.Headers.WWWAuthenticate.ToArray()) : null,
            response.Headers.RetryAfter.Count > 0 ? response.Headers.RetryAfter.ToString() : null,
            response.ContentType,
            await body.ReadToEndAsync(TestContext.Current.CancellationToken));
    }

    public static async Task<Answer> ReadAsync(HttpResponseMessage response) => new(
        (int)response.StatusCode,
        response.Headers.TryGetValues("WWW-Authenticate", out var challenges) ? string.Join(" | ", challenges) : null,
        response.Headers.TryGetValues("Retry-After", out var retryAfter) ? string.Join(" | ", retryAfter) : null,
        response.Content.Headers.ContentType?.ToString(),
        await response.Content.ReadAsStringAsync(TestContext.Current.CancellationToken));
}
