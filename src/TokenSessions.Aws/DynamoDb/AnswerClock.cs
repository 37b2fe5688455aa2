using System.Globalization;
using System.Runtime.CompilerServices;
using Amazon.Runtime;
using Amazon.Runtime.Internal;

namespace TokenSessions.Aws.DynamoDb;

/// <summary>Compares our clock with the <c>Date</c> of the answers (RFC 9110 §6.6.1): rules and tokens are dated by ours.</summary>
internal sealed class AnswerClock
{
    private const string DateHeader = "Date";

    /// <summary>Our clock may differ from the store's by so much, and so from another instance's by twice that.</summary>
    private static readonly TimeSpan MaxDifference = TimeSpan.FromSeconds(5);

    /// <summary>A <c>Date</c> has whole seconds, cut off: the answer can have been made up to this later.</summary>
    private static readonly TimeSpan DateResolution = TimeSpan.FromSeconds(1);

    private readonly ConditionalWeakTable<AmazonWebServiceRequest, StrongBox<string?>> _dates = [];
    private readonly TimeProvider _time;

    public AnswerClock(object client, TimeProvider time)
    {
        _time = time;
        if (client is AmazonServiceClient service) // Anything else tells no headers: then there is nothing to judge by.
        {
            service.AfterResponseEvent += Note;
        }
    }

    /// <summary>Call it before the request is sent.</summary>
    public Sent Send(AmazonWebServiceRequest request)
    {
        var date = new StrongBox<string?>();
        _dates.AddOrUpdate(request, date);
        return new(_time.GetUtcNow(), date);
    }

    /// <summary>What is wrong with our clock, judged by an answer; null if nothing is, or nothing can be told.</summary>
    /// <param name="sent">What <see cref="Send"/> gave.</param>
    /// <param name="failure">The answer, where it is a failed condition.</param>
    public string? FindProblem(Sent sent, AmazonServiceException? failure)
    {
        var text = failure is null ? sent.Date.Value : (failure.InnerException as HttpErrorResponseException)?.Response.GetHeaderValue(DateHeader);
        if (!DateTimeOffset.TryParseExact(text, "r", CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out var date))
        {
            return null;
        }

        // The answer was made between these two moments of our clock, so only a date outside of both is proof.
        var ahead = sent.At - (date + DateResolution);
        var behind = date - _time.GetUtcNow();
        return ahead >= MaxDifference ? Problem(ahead, "ahead of")
            : behind > MaxDifference ? Problem(behind, "behind")
            : null;
    }

    private static string Problem(TimeSpan difference, string direction) =>
        string.Create(CultureInfo.InvariantCulture, $"this machine's clock is at least {difference.TotalSeconds:0.000} s {direction} the store's, and more than {MaxDifference.TotalSeconds} s are not accepted: set it, and keep it set (NTP).");

    private void Note(object sender, ResponseEventArgs e)
    {
        if (e is WebServiceResponseEventArgs answer
            && _dates.TryGetValue(answer.Request, out var date)
            && answer.ResponseHeaders.TryGetValue(DateHeader, out var text))
        {
            date.Value = text;
        }
    }

    /// <summary>A request under way.</summary>
    /// <param name="At">When it was sent.</param>
    /// <param name="Date">Takes the date of its answer.</param>
    internal readonly record struct Sent(DateTimeOffset At, StrongBox<string?> Date);
}
