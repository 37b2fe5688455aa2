using System.Net;
using System.Text;
using TokenSessions.Tests.Validation;
using TokenSessions.Validation.Keys;

namespace TokenSessions.Tests.Keys;

public sealed class HttpKeySetSourceTests : IDisposable
{
    private const string Issuer = "https://issuer.example/tenant";
    private const string Discovery = Issuer + "/.well-known/openid-configuration";
    private const string Keys = "https://keys.example/jwks.json";

    private readonly StubHttp _stub = new();
    private readonly HttpClient _http;

    public HttpKeySetSourceTests()
    {
        _http = new(_stub) { Timeout = TimeSpan.FromMilliseconds(200) };
        _stub.Answers[Keys] = Ok(KeySetDocument.Of(KeySetDocument.Jwk(TestToken.Key)));
        _stub.Answers[Discovery] = Ok(DiscoveryDocument(Issuer, Keys));
    }

    [Fact]
    public async Task Reads_the_set_at_a_given_address()
    {
        var keys = await FetchAsync(HttpKeySetSource.At(_http, new(Keys)));

        Assert.Equal(TestToken.Key.KeyId, Assert.Single(keys.Keys).KeyId);
        Assert.Equal([Keys], _stub.Asked);
    }

    [Theory]
    [InlineData("https://issuer.example/tenant")]
    [InlineData("https://issuer.example/tenant/")] // The slash belongs to the issuer, not to the address.
    public async Task Discovers_the_address_from_the_issuer(string issuer)
    {
        _stub.Answers[Discovery] = Ok(DiscoveryDocument(issuer, Keys));

        var keys = await FetchAsync(HttpKeySetSource.DiscoveredFrom(_http, issuer));

        Assert.Single(keys.Keys);
        Assert.Equal([Discovery, Keys], _stub.Asked);
    }

    [Theory]
    [InlineData("https://issuer.example/other")]
    [InlineData("https://issuer.example/tenant/")]
    [InlineData("https://ISSUER.example/tenant")]
    public async Task The_discovery_document_must_speak_for_exactly_this_issuer(string other)
    {
        _stub.Answers[Discovery] = Ok(DiscoveryDocument(other, Keys));

        await AssertUnavailableAsync(HttpKeySetSource.DiscoveredFrom(_http, Issuer), "issuer must be exactly");
        Assert.Equal([Discovery], _stub.Asked);
    }

    [Theory]
    [InlineData("{\"issuer\":\"https://issuer.example/tenant\"}", "no usable jwks_uri")]
    [InlineData("{\"issuer\":\"https://issuer.example/tenant\",\"jwks_uri\":7}", "no usable jwks_uri")]
    [InlineData("{\"issuer\":\"https://issuer.example/tenant\",\"jwks_uri\":\"/jwks\"}", "no usable jwks_uri")]
    [InlineData("{\"issuer\":\"https://issuer.example/tenant\",\"jwks_uri\":\"http://keys.example/\"}", "no usable jwks_uri")]
    [InlineData("{\"issuer\":\"https://issuer.example/tenant\",\"jwks_uri\":\"http://localhost/\"}", "no usable jwks_uri")]
    [InlineData("{\"issuer\":\"https://issuer.example/tenant\",\"issuer\":\"x\"}", "not strict JSON")]
    [InlineData("[]", "issuer must be exactly")]
    [InlineData("", "not strict JSON")]
    public async Task A_bad_discovery_document_is_named(string document, string problem)
    {
        _stub.Answers[Discovery] = Ok(Encoding.UTF8.GetBytes(document));

        await AssertUnavailableAsync(HttpKeySetSource.DiscoveredFrom(_http, Issuer), problem);
    }

    [Fact]
    public async Task On_this_machine_http_will_do_from_end_to_end()
    {
        _stub.Answers["http://localhost:5080/.well-known/openid-configuration"] =
            Ok(DiscoveryDocument("http://localhost:5080", "http://localhost:5080/jwks"));
        _stub.Answers["http://localhost:5080/jwks"] = _stub.Answers[Keys];

        Assert.Single((await FetchAsync(HttpKeySetSource.DiscoveredFrom(_http, "http://localhost:5080"))).Keys);
    }

    [Theory]
    [InlineData("http://keys.example/")]
    [InlineData("ftp://localhost/")]
    [InlineData("file:///keys.json")]
    public void Other_addresses_are_refused_at_once(string uri)
    {
        Assert.Throws<ArgumentException>(() => HttpKeySetSource.At(_http, new(uri)));
        Assert.Throws<ArgumentException>(() => HttpKeySetSource.DiscoveredFrom(_http, uri));
    }

    [Theory]
    [InlineData("https://issuer.example?x=1")]
    [InlineData("https://issuer.example#x")]
    [InlineData("issuer.example")]
    [InlineData("")]
    public void Nothing_is_discovered_from_an_issuer_that_is_no_plain_url(string issuer) =>
        Assert.Throws<ArgumentException>(() => HttpKeySetSource.DiscoveredFrom(_http, issuer));

    [Theory]
    [InlineData(HttpStatusCode.Created)]
    [InlineData(HttpStatusCode.NoContent)]
    [InlineData(HttpStatusCode.MovedPermanently)]
    [InlineData(HttpStatusCode.NotFound)]
    [InlineData(HttpStatusCode.InternalServerError)]
    public async Task Only_200_counts(HttpStatusCode status)
    {
        _stub.Answers[Keys] = _ => new(status) { Content = new ByteArrayContent(KeySetDocument.Of(KeySetDocument.NewJwk())) };

        await AssertUnavailableAsync(HttpKeySetSource.At(_http, new(Keys)), $"answered {(int)status}");
    }

    [Fact]
    public async Task A_redirect_that_a_client_followed_does_not_count()
    {
        var content = KeySetDocument.Of(KeySetDocument.NewJwk());
        _stub.Answers[Keys] = request => new(HttpStatusCode.OK)
        {
            Content = new ByteArrayContent(content),
            RequestMessage = new(HttpMethod.Get, "https://elsewhere.example/"),
        };

        await AssertUnavailableAsync(HttpKeySetSource.At(_http, new(Keys)), "only a direct 200 counts");
    }

    [Theory]
    [InlineData(0, true, true)]
    [InlineData(1, true, false)]
    [InlineData(0, false, true)]
    [InlineData(1, false, false)] // Without a Content-Length, the reading itself must stop.
    public async Task Reads_at_most_150_KB(int tooMany, bool hasLength, bool isRead)
    {
        var document = KeySetDocument.Padded(
            KeySetDocument.Of(KeySetDocument.Jwk(TestToken.Key)), KeySet.MaxDocumentLength + tooMany);
        _stub.Answers[Keys] = _ => new(HttpStatusCode.OK)
        {
            Content = hasLength ? new ByteArrayContent(document) : new StreamContent(new Unseekable(document)),
        };
        var source = HttpKeySetSource.At(_http, new(Keys));

        if (isRead)
        {
            Assert.Single((await FetchAsync(source)).Keys);
        }
        else
        {
            await AssertUnavailableAsync(source, "longer than 153600 bytes");
        }
    }

    [Fact]
    public async Task A_set_without_usable_keys_names_its_address()
    {
        _stub.Answers[Keys] = Ok(KeySetDocument.Of("{}"));

        await AssertUnavailableAsync(HttpKeySetSource.At(_http, new(Keys)), $"{Keys}: The key set has no usable key.");
    }

    [Fact]
    public async Task No_answer_and_a_broken_one_are_failures_of_the_world()
    {
        _stub.Answers[Keys] = _ => throw new HttpRequestException("Connection refused.");
        await AssertUnavailableAsync(HttpKeySetSource.At(_http, new(Keys)), "Connection refused.");

        foreach (var failure in new Exception[]
        {
            new IOException("Reset by peer."),
            new InvalidDataException("Not gzip."), // A client may decompress, and what it then meets is anybody's.
            new InvalidOperationException("Not Brotli."),
        })
        {
            _stub.Answers[Keys] = _ => new(HttpStatusCode.OK) { Content = new StreamContent(new Unseekable(failure)) };
            await AssertUnavailableAsync(HttpKeySetSource.At(_http, new(Keys)), "broke off");
        }

        _stub.Hangs = true;
        await AssertUnavailableAsync(HttpKeySetSource.At(_http, new(Keys)), "did not answer within 0.2 s");
    }

    [Fact]
    public async Task The_callers_own_cancellation_is_no_failure()
    {
        _stub.Hangs = true;
        using var cancelled = new CancellationTokenSource();
        var fetch = HttpKeySetSource.At(_http, new(Keys)).FetchAsync(cancelled.Token);

        await cancelled.CancelAsync();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => fetch);
    }

    public void Dispose() => _http.Dispose();

    private static byte[] DiscoveryDocument(string issuer, string keys) =>
        Encoding.UTF8.GetBytes($$"""{"issuer":"{{issuer}}","jwks_uri":"{{keys}}"}""");

    private static Func<HttpRequestMessage, HttpResponseMessage> Ok(byte[] document) =>
        _ => new(HttpStatusCode.OK) { Content = new ByteArrayContent(document) };

    private static Task<KeySet> FetchAsync(HttpKeySetSource source) => source.FetchAsync(TestContext.Current.CancellationToken);

    private static async Task AssertUnavailableAsync(HttpKeySetSource source, string problem)
    {
        var exception = await Assert.ThrowsAsync<KeySetUnavailableException>(() => FetchAsync(source));
        Assert.Contains(problem, exception.Message, StringComparison.Ordinal);
    }

    private sealed class StubHttp : HttpMessageHandler
    {
        public Dictionary<string, Func<HttpRequestMessage, HttpResponseMessage>> Answers { get; } = [];

        public List<string> Asked { get; } = [];

        public bool Hangs { get; set; }

        protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
        {
            if (Hangs)
            {
                await Task.Delay(Timeout.Infinite, cancellationToken);
            }

            Asked.Add(request.RequestUri!.ToString());
            var response = Answers[request.RequestUri.ToString()](request);
            response.RequestMessage ??= request;
            return response;
        }
    }

    /// <summary>A body whose length is not known beforehand, or one that breaks off.</summary>
    private sealed class Unseekable : MemoryStream
    {
        private readonly Exception? _failure;

        public Unseekable(byte[] content)
            : base(content)
        {
        }

        public Unseekable(Exception failure) => _failure = failure;

        public override bool CanSeek => false;

        public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default) =>
            _failure is null ? base.ReadAsync(buffer, cancellationToken) : throw _failure;
    }
}
