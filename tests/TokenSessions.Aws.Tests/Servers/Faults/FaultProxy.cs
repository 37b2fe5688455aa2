using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using TokenSessions.Service.Tests.Processes;

namespace TokenSessions.Aws.Tests.Servers.Faults;

/// <summary>Stands on loopback between processes and a server they use, and lets their requests go wrong, or does not listen at all.</summary>
/// <remarks>
/// Requests go on as they were signed, with the <c>Host</c> they came with; several servers that listen take turns, as behind a load balancer.
/// What fails here, and what no server answers, ends as a connection without an answer.
/// </remarks>
internal sealed class FaultProxy : IAsyncDisposable
{
    private static readonly string[] OfOneConnection = ["Connection", "Keep-Alive", "Transfer-Encoding", "Expect", "Host"];

    private readonly FaultyHandler _faults = new()
    {
        InnerHandler = new SocketsHttpHandler { UseProxy = false, UseCookies = false, AllowAutoRedirect = false },
    };

    private readonly HttpMessageInvoker _http;
    private readonly Uri[] _servers;
    private WebApplication? _app;
    private int _turn;

    private FaultProxy(Uri[] servers) => (_servers, _http) = (servers, new(_faults));

    public Uri Address { get; } = RunningProcess.FreeAddress();

    /// <summary>Decides about each request; null for no faults. Its operation is a path where it is none of AWS.</summary>
    public Func<AwsCall, Fault>? Decide
    {
        get => _faults.Decide;
        set => _faults.Decide = value;
    }

    public static async Task<FaultProxy> StartAsync(params Uri[] servers)
    {
        var proxy = new FaultProxy(servers);
        await proxy.OpenAsync();
        return proxy;
    }

    /// <summary>Listens. Does nothing if it does.</summary>
    public async Task OpenAsync()
    {
        if (_app is not null)
        {
            return;
        }

        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseSetting(WebHostDefaults.ServerUrlsKey, Address.ToString());
        builder.WebHost.ConfigureKestrel(server => server.AddServerHeader = false);
        builder.Services.Configure<HostOptions>(host => host.ShutdownTimeout = TimeSpan.Zero);
        var app = builder.Build();
        app.Run(AnswerAsync);
        await app.StartAsync();
        _app = app;
    }

    /// <summary>Cuts every connection and refuses new ones.</summary>
    public async Task CloseAsync()
    {
        if (_app is { } app)
        {
            _app = null;
            await app.DisposeAsync();
        }
    }

    public async ValueTask DisposeAsync()
    {
        await CloseAsync();
        _http.Dispose();
    }

    private async Task AnswerAsync(HttpContext context)
    {
        try
        {
            using var answer = await SendAsync(context.Request, context.RequestAborted);
            context.Response.StatusCode = (int)answer.StatusCode;
            foreach (var (name, values) in answer.Headers.NonValidated.Concat(answer.Content.Headers.NonValidated))
            {
                if (!OfOneConnection.Contains(name, StringComparer.OrdinalIgnoreCase))
                {
                    context.Response.Headers[name] = values.ToArray();
                }
            }

            await answer.Content.CopyToAsync(context.Response.Body, context.RequestAborted);
        }
        catch (Exception e) when (e is HttpRequestException or OperationCanceledException or IOException)
        {
            context.Abort();
        }
    }

    /// <summary>Sends it to the server whose turn it is; where that does not listen, to the next.</summary>
    private async Task<HttpResponseMessage> SendAsync(HttpRequest request, CancellationToken cancellationToken)
    {
        using var body = new MemoryStream();
        await request.Body.CopyToAsync(body, cancellationToken);
        for (var left = _servers.Length - 1; ; left--)
        {
            var server = _servers[(uint)Interlocked.Increment(ref _turn) % (uint)_servers.Length];
            using var message = Message(request, server, body.ToArray());
            try
            {
                return await _http.SendAsync(message, cancellationToken);
            }
            catch (HttpRequestException e) when (left > 0 && e.HttpRequestError == HttpRequestError.ConnectionError)
            {
                // The load balancer's own way.
            }
        }
    }

    private static HttpRequestMessage Message(HttpRequest request, Uri server, byte[] body)
    {
        var message = new HttpRequestMessage(new(request.Method), new Uri(server, request.Path + request.QueryString));
        if (body.Length > 0)
        {
            message.Content = new ByteArrayContent(body);
        }

        foreach (var (name, values) in request.Headers)
        {
            if (!OfOneConnection.Contains(name, StringComparer.OrdinalIgnoreCase)
                && !message.Headers.TryAddWithoutValidation(name, values.AsEnumerable()))
            {
                message.Content?.Headers.TryAddWithoutValidation(name, values.AsEnumerable());
            }
        }

        message.Headers.Host = request.Host.Value; // Signed.
        return message;
    }
}
