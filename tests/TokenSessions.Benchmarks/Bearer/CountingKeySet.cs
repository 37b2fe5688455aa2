using System.Net;
using TokenSessions.Service.Tests.Processes;
using TokenSessions.Tests.Validation;
using TokenSessions.Validation.Keys;

namespace TokenSessions.Benchmarks.Bearer;

/// <summary>The key set of our test tokens on loopback, which counts how often it is fetched.</summary>
internal sealed class CountingKeySet : IDisposable
{
    private static readonly byte[] Document = new KeySet([TestToken.Key]).ToJson();

    private readonly HttpListener _listener = new();
    private int _fetches;

    public CountingKeySet()
    {
        Address = new(RunningProcess.FreeAddress(), "jwks.json");
        _listener.Prefixes.Add(new Uri(Address, "/").ToString());
        _listener.Start();
        _ = AnswerAsync();
    }

    public Uri Address { get; }

    public int Fetches => Volatile.Read(ref _fetches);

    public void Dispose() => _listener.Close();

    private async Task AnswerAsync()
    {
        try
        {
            while (true)
            {
                var context = await _listener.GetContextAsync();
                Interlocked.Increment(ref _fetches);
                context.Response.ContentType = "application/jwk-set+json";
                context.Response.ContentLength64 = Document.Length;
                context.Response.Close(Document, willBlock: false);
            }
        }
        catch (Exception e) when (e is HttpListenerException or ObjectDisposedException)
        {
            // Closed.
        }
    }
}
