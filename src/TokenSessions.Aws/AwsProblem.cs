using System.Net;
using System.Net.Sockets;
using Amazon.Runtime;
using Amazon.SecurityToken;

namespace TokenSessions.Aws;

/// <summary>What a failed call to AWS means for what is done next.</summary>
internal enum AwsTrouble
{
    /// <summary>No trouble: the value of a <c>default</c>.</summary>
    None = 0,

    /// <summary>Not reached, no readable answer, or 5xx: the same call may succeed a moment later, or in another region.</summary>
    Down,

    /// <summary>Too many requests: asking again at once makes it worse.</summary>
    Throttled,

    /// <summary>Somebody has to change something first: a permission, credentials, the resource.</summary>
    Refused,
}

/// <summary>One call to AWS, as far as its trouble has to be told.</summary>
/// <param name="Action">The permission it needs, such as <c>kms:Sign</c>.</param>
/// <param name="Resource">What it is about, to begin a sentence with: <c>KMS key … in eu-west-1</c>.</param>
/// <param name="Endpoint">Where it was sent; only scheme, host and port are told.</param>
/// <param name="Remedy">What the error codes of this service ask for; null for a code that it does not know.</param>
internal sealed record AwsCall(string Action, string Resource, string? Endpoint, Func<string, string?>? Remedy = null);

/// <summary>The one place that turns an exception of the AWS SDK into a sentence: which resource, what is wrong, what to do.</summary>
/// <remarks>
/// Messages of AWS are left out. They say little more than the code, and the one about a wrong signature repeats the request's
/// headers, among them the session token. For the same reason their exceptions should not be kept as inner ones.
/// </remarks>
/// <param name="Trouble">What it means.</param>
/// <param name="Sentence">What to tell.</param>
internal sealed record AwsProblem(AwsTrouble Trouble, string Sentence)
{
    private const int MaxCodeLength = 64;

    /// <summary>Reads an exception of the SDK. Cancellation is for the caller to recognise first.</summary>
    public static AwsProblem Of(Exception exception, AwsCall call) => exception switch
    {
        AmazonUnmarshallingException e => new(AwsTrouble.Down,
            $"{call.Resource}: the answer of {Address(call)} cannot be read{Detail(e)}."),
        AmazonSecurityTokenServiceException e => NoCredentials(call, $"STS gave none{Detail(e)}"),
        AmazonServiceException { StatusCode: 0, ErrorCode: null or "" } e when Transport(e) is null => // From the instance's metadata.
            NoCredentials(call, "none could be fetched"),
        AmazonServiceException e when IsAnswer(e) => OfAnswer(e, call),
        AmazonClientException e when Transport(e) is null => NoCredentials(call, "none were found"),
        _ => new(AwsTrouble.Down, $"{call.Resource}: {Address(call)} cannot be reached ({Transport(exception) ?? exception.GetType().Name})."
            + " Check the network, the region and AWS_ENDPOINT_URL settings."),
    };

    /// <summary>The call took longer than it may.</summary>
    public static AwsProblem TimedOut(AwsCall call, TimeSpan after) =>
        new(AwsTrouble.Down, $"{call.Resource}: no answer of {Address(call)} within {after.TotalSeconds:0.###} s.");

    private static AwsProblem OfAnswer(AmazonServiceException e, AwsCall call)
    {
        var code = Printable(e.ErrorCode);
        if (call.Remedy?.Invoke(code) is { } remedy)
        {
            return new(AwsTrouble.Refused, $"{call.Resource}: {remedy}{Detail(e)}.");
        }

        if (IsThrottling(code) || e.StatusCode == HttpStatusCode.TooManyRequests)
        {
            return new(AwsTrouble.Throttled, $"{call.Resource}: AWS throttles {call.Action}{Detail(e)}."
                + " Retry later; if it lasts, ask for a higher quota of this account and region.");
        }

        if ((int)e.StatusCode >= 500)
        {
            return new(AwsTrouble.Down, $"{call.Resource}: {Address(call)} answered {(int)e.StatusCode}{Detail(e)}.");
        }

        return code switch
        {
            "AccessDeniedException" or "AccessDenied" or "UnauthorizedOperation" => new(AwsTrouble.Refused,
                $"{call.Resource}: no permission for {call.Action}{Detail(e)}. Allow it to the role of this process,"
                + " in the role's policy and, if it has one, in the resource's."),
            "ExpiredTokenException" or "ExpiredToken" or "RequestExpired" => new(AwsTrouble.Refused,
                $"{call.Resource}: the AWS credentials of this process have expired{Detail(e)}. Renew them, and check the clock."),
            "UnrecognizedClientException" or "InvalidClientTokenId" or "InvalidSignatureException" or "SignatureDoesNotMatch"
                or "IncompleteSignature" or "IncompleteSignatureException" or "MissingAuthenticationToken"
                or "MissingAuthenticationTokenException" or "OptInRequired" => new(AwsTrouble.Refused,
                $"{call.Resource}: AWS does not accept the credentials of this process{Detail(e)}."
                + " Check them, their account and region, and the clock."),
            _ => new(AwsTrouble.Refused, $"{call.Resource}: {call.Action} was refused with {(int)e.StatusCode}{Detail(e)}."),
        };
    }

    private static AwsProblem NoCredentials(AwsCall call, string what) => new(AwsTrouble.Refused,
        $"{call.Resource}: no AWS credentials for {call.Action}: {what}. Give this process a role, a profile (AWS_PROFILE)"
        + " or keys (AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY).");

    private static bool IsAnswer(AmazonServiceException e) => e.StatusCode != 0;

    private static bool IsThrottling(string code) => code is "ThrottlingException" or "Throttling" or "ThrottledException"
        or "RequestThrottled" or "RequestThrottledException" or "TooManyRequestsException" or "LimitExceededException"
        or "RequestLimitExceeded" or "ProvisionedThroughputExceededException" or "BandwidthLimitExceeded" or "SlowDown";

    /// <summary>The transport's trouble in a word, from an enumeration and never from a message; null if there was none.</summary>
    private static string? Transport(Exception? exception) => exception switch
    {
        null => null,
        SocketException e => e.SocketErrorCode.ToString(),
        HttpRequestException e => Transport(e.InnerException) ?? e.HttpRequestError.ToString(),
        IOException e => Transport(e.InnerException) ?? "the connection broke",
        TimeoutException or OperationCanceledException => "no answer in time",
        _ => Transport(exception.InnerException),
    };

    private static string Detail(AmazonServiceException e) => (Printable(e.ErrorCode), Printable(e.RequestId)) switch
    {
        ("", "") => "",
        (var code, "") => $" ({code})",
        ("", var request) => $" (request {request})",
        var (code, request) => $" ({code}, request {request})",
    };

    private static string Address(AwsCall call) => Uri.TryCreate(call.Endpoint, UriKind.Absolute, out var address)
        ? address.GetComponents(UriComponents.SchemeAndServer, UriFormat.UriEscaped)
        : "its endpoint";

    /// <summary>Codes and request ids come over the network, and are for logs.</summary>
    private static string Printable(string? text) =>
        string.Concat((text ?? "").Take(MaxCodeLength).Where(c => char.IsAsciiLetterOrDigit(c) || c is '-' or '_' or '.'));
}
