"""Programs that write in place, and programs of nets, losses and optimizers."""

IN_PLACE = {
    "a leaf while recording": "w.add_(1)",
    "a leaf by +=": "w += 1",
    "a leaf zeroed": "w.zero_()",
    "a leaf copied to": "w.copy_(c)",
    "a leaf under no_grad": """
        with lib.no_grad():
            w -= 0.1
            w.mul_(2)
        result = [w, w.requires_grad, w.is_leaf, w.grad_fn]""",
    "no_grad and then gradients": """
        with lib.no_grad():
            w += 1
        (w * w).sum().backward()
        result = w.grad""",
    "the same object": "a = c; c += 1; result = [a is c, a]",
    "a constant with a leaf": "c += w; (c * c).sum().backward(); result = [c.requires_grad, c.is_leaf, w.grad]",
    "a result": "y = w * 2; y.mul_(3); y += 1; y.sum().backward(); result = [y, w.grad]",
    "a result that is not kept": "y = w + 1; y.mul_(w); y.sum().backward(); result = w.grad",
    "a result zeroed": "y = w * 2; y.zero_(); y.sum().backward(); result = [y, y.requires_grad, w.grad]",
    "a result under no_grad": """
        y = w * 2
        with lib.no_grad():
            y.mul_(3)
        y.sum().backward()
        result = [y, w.grad]""",
    "arithmetic": """
        c.add_(w.detach(), alpha=2).sub_(1, alpha=0.5).mul_(new([2.0, 3.0])).div_(4)
        result = c""",
    "products": """
        c.addcmul_(c, c, value=2)
        c.addcdiv_(c, new([2.0, 4.0]), value=-1)
        c.lerp_(new([1.0, 1.0]), 0.25)
        result = c""",
    "functions": "result = [c.exp_(), c.log_(), c.sqrt_(), c.neg_(), c.abs_(), c.sigmoid_(), c.tanh_(), c.relu_()]",
    "clamp_": "result = c.clamp_(min=1.0, max=1.5)",
    "pow_": "result = c.pow_(2)",
    "fill_": "result = [c.fill_(3), c.fill_(new(2.5)), lib.tensor([1, 2]).fill_(1.5)]",
    "fill_ with a vector": "c.fill_(new([1.0, 2.0]))",
    "copy_ broadcasts and converts": "result = [c.copy_(new(3.0)), lib.tensor([1, 2]).copy_(new([1.7, 2.2]))]",
    "copy_ of another shape": "c.copy_(new([1.0, 2.0, 3.0]))",
    "copy_ with gradients": "c.copy_(w); (c * c).sum().backward(); result = [c, w.grad, c.is_leaf]",
    "copy_ is no alias": "c.copy_(v.detach()); c += 1; result = [c, v]",
    "a sum of one number is another tensor": "x = new(2.0); y = x.sum(); z = x**1; y += 1; z += 2; result = [x, y, z]",
    "the shape stays": "c += new([[1.0, 2.0], [3.0, 4.0]])",
    "the type stays": "x = lib.tensor([1.0, 2.0]); x += c; result = x",
    "whole numbers stay whole": "x = lib.tensor([1, 2]); x += 1.5",
    "division of whole numbers": "x = lib.tensor([1, 2]); x /= 2",
    "whole numbers": "x = lib.tensor([1, 2]); x += 3; x *= lib.tensor([2, 2]); result = x",
    "plain descent": """
        for _ in range(5):
            ((w - c) ** 2).sum().backward()
            with lib.no_grad():
                w -= 0.1 * w.grad
            w.grad = None
        result = [w, w.is_leaf]""",
    "plain descent with zero_": """
        for _ in range(5):
            ((w - c) ** 2).sum().backward()
            with lib.no_grad():
                w.sub_(w.grad, alpha=0.1)
                w.grad.zero_()
        result = [w, w.grad]""",
    "plain descent by data": """
        for _ in range(5):
            ((w - c) ** 2).sum().backward()
            w.data -= 0.1 * w.grad.data
            w.grad.data.zero_()
        result = [w, w.grad]""",
    "a moving average": """
        average = w.detach().clone()
        for i in range(4):
            with lib.no_grad():
                w += i
                average.mul_(0.9).add_(w, alpha=0.1)
        result = [average, average.requires_grad]""",
}

#: what every program of a net begins with
NET = """
def linear(rows, bias=None):
    layer = nn.Linear(len(rows[0]), len(rows), bias=bias is not None)
    with lib.no_grad():
        layer.weight.copy_(lib.tensor(rows))
        if bias is not None:
            layer.bias.copy_(lib.tensor(bias))
    return layer
model = nn.Sequential(linear([[0.5, -1.0], [0.25, 2.0]], [0.1, 0.2]), nn.Tanh(), linear([[1.0, -0.5]]))
x, y = lib.tensor([[1.0, 2.0], [0.5, -1.0], [-1.5, 0.25]]), lib.tensor([[1.0], [0.0], [-1.0]])
def loss():
    return ((model(x) - y) ** 2).mean()
def grads():
    return [p.grad for p in model.parameters()]
"""

NETWORKS = {
    "gradients of a net": "loss().backward(); result = grads()",
    "a module forgets": "loss().backward(); model.zero_grad(); result = grads()",
    "a module keeps zeros": "loss().backward(); model.zero_grad(set_to_none=False); result = grads()",
    "an optimizer forgets": """
        optimizer = optim.SGD(model.parameters(), lr=0.1)
        loss().backward()
        optimizer.zero_grad()
        result = grads()""",
    "zeros, whatever the gradient was": """
        model[2].weight.grad = lib.tensor([[float("nan"), 1.0]])
        model.zero_grad(set_to_none=False)
        result = model[2].weight.grad""",
    "zeros in the gradient that is there": """
        loss().backward()
        g = model[2].weight.grad
        optim.SGD(model.parameters(), lr=0.1).zero_grad(set_to_none=False)
        result = g""",
    "a module that goes elsewhere": "result = [model.to('cpu') is model, model.cpu() is model]; model.to('cuda')",
    "a module of another type": "result = model.double()(x.double())",
    "a module there and back": "weight = model[0].weight; model.double().float(); result = model[0].weight is weight",
    "a type for gradients and buffers too": """
        net = nn.BatchNorm1d(2)
        net(x).sum().backward()
        same = net.to(dtype=lib.float64) is net and net.double() is net
        kinds = [p.dtype == p.grad.dtype == lib.float64 for p in net.parameters()]
        result = [same, kinds, net.running_var, net.num_batches_tracked, net(x.double()).dtype == lib.float64]""",
    "a module of whole numbers": "model.to(lib.int64)",
    "a module on a graphics card": "model.cuda()",
    "an optimizer keeps zeros": """
        optimizer = optim.SGD(model.parameters(), lr=0.1)
        loss().backward()
        optimizer.zero_grad(set_to_none=False)
        result = grads()""",
    "none is not zero to momentum": """
        optimizer = optim.SGD(model.parameters(), lr=0.1, momentum=0.9)
        for clear in (True, False, True):
            loss().backward()
            optimizer.step()
            optimizer.zero_grad(set_to_none=clear)
            optimizer.step()
        result = list(model.parameters())""",
    "steps": """
        optimizer = optim.Adam(model.parameters(), lr=0.1)
        for _ in range(4):
            optimizer.zero_grad()
            loss().backward()
            optimizer.step()
        result = [*model.parameters(), loss().item()]""",
    "parameters stay leaves": """
        optimizer = optim.SGD(model.parameters(), lr=0.1)
        loss().backward()
        optimizer.step()
        result = [(p.is_leaf, p.requires_grad, p.grad is None) for p in model.parameters()]""",
    "gradients add up over batches": """
        optimizer = optim.SGD(model.parameters(), lr=0.1)
        for i in range(5):
            ((model(x * i) - y) ** 2).mean().backward()
        optimizer.step()
        result = list(model.parameters())""",
    "a frozen layer": """
        model[0].requires_grad_(False)
        optimizer = optim.SGD(model.parameters(), lr=0.1)
        loss().backward()
        optimizer.step()
        result = [*grads(), *model.parameters()]""",
    "add_param_group": """
        optimizer = optim.SGD(model[0].parameters(), lr=0.1)
        optimizer.add_param_group({"params": model[2].parameters(), "lr": 1.0})
        loss().backward()
        optimizer.step()
        result = [*model.parameters(), [g["lr"] for g in optimizer.param_groups]]""",
    "a parameter in two groups": """
        optimizer = optim.SGD(model.parameters(), lr=0.1)
        optimizer.add_param_group({"params": model[2].parameters()})""",
    "an optimizer of a result": "optim.SGD([w * 2], lr=0.1)",
    "an optimizer of nothing": "optim.SGD([], lr=0.1)",
    "a rate that changes": """
        optimizer = optim.SGD(model.parameters(), lr=0.1)
        for i in range(3):
            optimizer.param_groups[0]["lr"] = 0.1 / (i + 1)
            optimizer.zero_grad()
            loss().backward()
            optimizer.step()
        result = list(model.parameters())""",
    "a closure": """
        optimizer = optim.SGD(model.parameters(), lr=0.1)
        def closure():
            optimizer.zero_grad()
            l = loss()
            l.backward()
            return l
        result = [optimizer.step(closure).item(), *model.parameters()]""",
    "the state of an optimizer": """
        first = optim.SGD(model.parameters(), lr=0.1, momentum=0.9)
        loss().backward()
        first.step()
        second = optim.SGD(model.parameters(), lr=0.5, momentum=0.1)
        second.load_state_dict(first.state_dict())
        second.step()
        result = [*model.parameters(), second.param_groups[0]["lr"], len(second.state)]""",
    "the state of a model": """
        state = model.state_dict()
        twin = nn.Sequential(nn.Linear(2, 2), nn.Tanh(), nn.Linear(2, 1, bias=False))
        keys = twin.load_state_dict(state)
        result = [list(state), list(keys.missing_keys), twin(x), twin[0].weight.requires_grad]""",
    "a state that does not fit": "model.load_state_dict({})",
    "a loose state": "result = model.load_state_dict({}, strict=False).missing_keys",
    "train and eval": """
        model = nn.Sequential(nn.Dropout(0.5), nn.Linear(2, 1))
        model.eval()
        result = [model.training, model[0].training, model.train().training, model[0].training, model[0].eval()(x)]""",
    "a buffer": """
        class Counter(nn.Module):
            def __init__(self):
                super().__init__()
                self.register_buffer("seen", lib.tensor(0.0))
            def forward(self, x):
                self.seen += 1
                return x * self.seen
        counter = Counter()
        counter(x)
        counter(x)
        result = [counter.seen, counter(x), list(counter.state_dict()), len(list(counter.parameters()))]""",
    "running statistics": """
        norm = nn.BatchNorm1d(2)
        norm(x)
        after = norm.running_mean.clone()
        norm.eval()
        out = norm(x)
        out.sum().backward()
        result = [after, norm.running_mean, norm.running_var, norm.num_batches_tracked, norm.weight.grad]""",
    "running statistics have no history": """
        norm = nn.BatchNorm1d(2)
        norm(model[0](x))
        norm.eval()
        norm(lib.tensor([[1.0, 2.0]])).sum().backward()
        result = [model[0].weight.grad, norm.running_mean.requires_grad]""",
    "a forward hook": """
        seen = []
        handle = model[0].register_forward_hook(lambda m, inputs, output: seen.append(output.detach()))
        model(x)
        handle.remove()
        model(x)
        result = seen""",
    "a forward hook replaces": "model[0].register_forward_hook(lambda m, i, o: o * 0); result = model(x)",
    "a forward hook before": "model.register_forward_pre_hook(lambda m, i: (i[0] * 2,)); result = model(x)",
    "a hook on a parameter": "model[2].weight.register_hook(lambda g: g * 10); loss().backward(); result = grads()",
    "an optimizer in a hook": """
        for p in model.parameters():
            own = optim.SGD([p], lr=0.1)
            def step(p, own=own):
                own.step()
                own.zero_grad()
            p.register_post_accumulate_grad_hook(step)
        loss().backward()
        result = [*model.parameters(), *grads()]""",
    "a weight clamped after the step": """
        optimizer = optim.SGD(model.parameters(), lr=1.0)
        for _ in range(3):
            optimizer.zero_grad()
            loss().backward()
            optimizer.step()
            with lib.no_grad():
                for p in model.parameters():
                    p.clamp_(-0.5, 0.5)
        result = list(model.parameters())""",
    "weights set to a number": """
        with lib.no_grad():
            for p in model.parameters():
                p.fill_(0.5)
        loss().backward()
        result = [*model.parameters(), *grads()]""",
    "gradients scaled by hand": """
        optimizer = optim.SGD(model.parameters(), lr=0.1)
        loss().backward()
        for p in model.parameters():
            p.grad *= 0.5
            p.grad.data.clamp_(-0.1, 0.1)
        optimizer.step()
        result = [*grads(), *model.parameters()]""",
    "two losses, one step": """
        optimizer = optim.SGD(model.parameters(), lr=0.1)
        loss().backward()
        (model(x) ** 2).mean().backward()
        optimizer.step()
        result = list(model.parameters())""",
    "a second step with the same gradients": """
        optimizer = optim.SGD(model.parameters(), lr=0.1)
        loss().backward()
        optimizer.step()
        optimizer.step()
        result = list(model.parameters())""",
    "a shared layer": """
        layer = linear([[0.5, 1.0], [-1.0, 0.25]])
        (layer(layer(x)) ** 2).sum().backward()
        result = layer.weight.grad""",
    "a loss that is kept": """
        losses = []
        optimizer = optim.SGD(model.parameters(), lr=0.1)
        for _ in range(3):
            optimizer.zero_grad()
            losses.append(loss())
            losses[-1].backward()
            optimizer.step()
        result = [l.item() for l in losses]""",
}
