using TokenSessions.Aws.Tests.Processes;
using TokenSessions.Aws.Tests.Servers;
using TokenSessions.Aws.Tests.Servers.Faults;
using TokenSessions.Aws.Tests.Servers.Kms;
using TokenSessions.Service.Tests.Processes;

namespace TokenSessions.Aws.Tests.Chaos;

/// <summary>Two services and two APIs in processes of their own, and between any two parts a proxy that can fail.</summary>
internal sealed class Site : IAsyncDisposable
{
    /// <summary>Few, so that each has several sessions when a rule ends all of one.</summary>
    public static readonly IReadOnlyList<string> Users = ["demo", "ada", "bob", "eve"];

    private readonly List<FakedClock> _clocks = [];

    private Site(Deployment deployment) => Deployment = deployment;

    public Deployment Deployment { get; }

    /// <summary>Between the services and DynamoDB.</summary>
    public FaultProxy Store { get; private set; } = null!;

    /// <summary>Between the API on the table and DynamoDB.</summary>
    public FaultProxy StoreOfApi { get; private set; } = null!;

    /// <summary>Between the services and KMS; <see cref="KmsStandIn.Faults"/> are what KMS itself does.</summary>
    public FaultProxy Kms { get; private set; } = null!;

    /// <summary>Between the APIs and the services, which take turns: key sets and feed.</summary>
    public FaultProxy Issuer { get; private set; } = null!;

    public Node Service1 { get; private set; } = null!;

    public Node Service2 { get; private set; } = null!;

    public Node FeedApi { get; private set; } = null!;

    public Node TableApi { get; private set; } = null!;

    public IReadOnlyList<Node> Services => [Service1, Service2];

    public IReadOnlyList<Node> Nodes => [Service1, Service2, FeedApi, TableApi];

    /// <summary>Starts everything.</summary>
    /// <param name="setsClocks">True if clocks of processes are to be set.</param>
    public static async Task<Site> StartAsync(bool setsClocks)
    {
        var site = new Site(await Deployment.CreateAsync());
        try
        {
            foreach (var user in Users.Skip(1)) // The first is there.
            {
                await site.Deployment.AddUserAsync(user);
            }

            await site.StartProxiesAsync();
            site.MakeNodes(setsClocks);
            foreach (var node in site.Nodes)
            {
                await node.StartAsync();
            }

            return site;
        }
        catch
        {
            await site.DisposeAsync();
            throw;
        }
    }

    public async ValueTask DisposeAsync()
    {
        try
        {
            await Deployment.DisposeAsync();
        }
        finally
        {
            foreach (var proxy in new[] { Store, StoreOfApi, Kms, Issuer })
            {
                if (proxy is not null)
                {
                    await proxy.DisposeAsync();
                }
            }

            _clocks.ForEach(clock => clock.Dispose());
        }
    }

    private async Task StartProxiesAsync()
    {
        var dynamo = await DynamoDbServer.GetAsync();
        Store = await FaultProxy.StartAsync(dynamo.Address);
        StoreOfApi = await FaultProxy.StartAsync(dynamo.Address);
        Kms = await FaultProxy.StartAsync(Deployment.Kms.StandIn.Address);
        Issuer = await FaultProxy.StartAsync([.. Deployment.Addresses]);
    }

    private void MakeNodes(bool setsClocks)
    {
        var ofService = new Dictionary<string, string>
        {
            [DynamoDbServer.EndpointVariable] = Store.Address.ToString(),
            [KmsEndpoint.EndpointVariable] = Kms.Address.ToString(),
        };
        var ofApi = new Dictionary<string, string>
        {
            [DynamoDbServer.EndpointVariable] = StoreOfApi.Address.ToString(),
            ["TokenSessions__KeySetUri"] = new Uri(Issuer.Address, ".well-known/jwks.json").ToString(),
        };
        var ofFeedApi = new Dictionary<string, string>(ofApi)
        {
            ["TokenSessions__DenylistUri"] = new Uri(Issuer.Address, "denylist").ToString(),
            ["TokenSessions__DenylistKeySetUri"] = new Uri(Issuer.Address, ".well-known/denylist-jwks.json").ToString(),
        };
        var (feedApi, tableApi) = (RunningProcess.FreeAddress(), RunningProcess.FreeAddress());

        // The first service is the one whose clock is right.
        Service1 = new(Deployment.Addresses[0], null, changes => Deployment.StartServiceAsync(0, 0, Joined(ofService, changes)));
        Service2 = new(Deployment.Addresses[1], Clock(), changes => Deployment.StartServiceAsync(1, 0, Joined(ofService, changes)));
        FeedApi = new(feedApi, Clock(), changes => Deployment.StartApiAsync(false, feedApi, Joined(ofFeedApi, changes)));
        TableApi = new(tableApi, Clock(), changes => Deployment.StartApiAsync(true, tableApi, Joined(ofApi, changes)));

        FakedClock? Clock()
        {
            if (setsClocks)
            {
                _clocks.Add(new());
            }

            return setsClocks ? _clocks[^1] : null;
        }
    }

    private static Dictionary<string, string> Joined(IReadOnlyDictionary<string, string> settings, IReadOnlyDictionary<string, string> changes)
    {
        var joined = new Dictionary<string, string>(settings);
        foreach (var (name, value) in changes)
        {
            joined[name] = value;
        }

        return joined;
    }
}
