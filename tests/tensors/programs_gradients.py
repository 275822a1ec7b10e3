"""Programs about backward, grad, leaves, modes and hooks; `semantics.py` says what they may speak of."""

BACKWARD = {
    "leaves get a grad": "(w * v).sum().backward(); result = [w.grad, v.grad]",
    "none before": "result = [w.grad, c.grad]",
    "adds up": "(w * w).sum().backward(); (w * 3).sum().backward(); result = w.grad",
    "adds up in place": "w.sum().backward(); g = w.grad; w.sum().backward(); result = [g is w.grad, g]",
    "none is not zero": "(w * 0).sum().backward(); result = [w.grad, v.grad]",
    "cleared": "w.sum().backward(); w.grad = None; (w * 2).sum().backward(); result = w.grad",
    "deleted": "w.sum().backward(); del w.grad; result = w.grad",
    "zeroed in place": "w.sum().backward(); w.grad.zero_(); result = w.grad",
    "a gradient as seed": "(w * w).backward(new([1.0, 10.0])); result = w.grad",
    "a seed by name": "(w * w).backward(gradient=c); result = w.grad",
    "a scalar leaf": "x = new(2.0, True); x.backward(); x.backward(); result = x.grad",
    "one path cut": "(w * w.detach()).sum().backward(); result = w.grad",
    "used twice": "y = w * 2; (y * y + y).sum().backward(); result = w.grad",
    "broadcast": "x = new([[1.0, 2.0], [3.0, 4.0]]); (x * w).sum().backward(); result = w.grad",
    "retain_graph": "y = (w * w).sum(); y.backward(retain_graph=True); y.backward(); result = w.grad",
    "twice": "y = (w * w).sum(); y.backward(); y.backward()",
    "twice through a number": "y = (w * 2).sum(); y.backward(); y.backward()",
    "twice where nothing is kept": "y = (w + 1).sum(); y.backward(); y.backward(); result = w.grad",
    "twice through a mean": "y = w.mean(); y.backward(); y.backward(); result = w.grad",
    "twice through exp": "y = w.exp().sum(); y.backward(); y.backward()",
    "a shared part is given up": "y = w * w; y.sum().backward(); (y * v).sum().backward()",
    "a detached part is not": """
        y = w * w
        d = y.detach()
        y.sum().backward()
        (d * v).sum().backward()
        result = v.grad""",
    "detached first": "y = w * w; (y.detach() * v).sum().backward(); y.sum().backward(); result = [w.grad, v.grad]",
    "not a scalar": "(w * 2).backward()",
    "a seed of another shape": "(w * 2).backward(new([1.0, 1.0, 1.0]))",
    "a seed that is a number": "(w * 2).backward(2.0)",
    "no history": "(c * 2).sum().backward()",
    "inside no_grad": "\nwith lib.no_grad():\n    y = (w * 2).sum()\ny.backward()",
    "inputs": "(w * v).sum().backward(inputs=[w]); result = [w.grad, v.grad]",
    "one input": "(w * v).sum().backward(inputs=w); result = [w.grad, v.grad]",
    "no inputs": "(w * v).sum().backward(inputs=[])",
    "unused inputs": "(w * 2).sum().backward(inputs=[v]); result = [w.grad, v.grad]",
    "inputs without gradients": "(w * 2).sum().backward(inputs=[c])",
    "a result as input": "y = w * 2; (y * y).sum().backward(inputs=[y]); result = [w.grad, y.grad]",
    "several results": "lib.autograd.backward([w.sum(), (w * v).sum()]); result = [w.grad, v.grad]",
    "several seeds": "lib.autograd.backward([w * 2, v * 3], [c, c]); result = [w.grad, v.grad]",
    "grad is a constant": "(w**3).sum().backward(); (w.grad * v).sum().backward(); result = [w.grad, v.grad]",
    "grad has no history": "(w**3).sum().backward(); result = [w.grad.requires_grad, w.grad.is_leaf]",
}

GRAD = {
    "one input": "result = lib.autograd.grad((w * w).sum(), w)",
    "grad stays": "lib.autograd.grad((w * w).sum(), w); result = w.grad",
    "two inputs": "result = lib.autograd.grad((w * v).sum(), [w, v])",
    "of a result": "y = w * 2; result = lib.autograd.grad((y * y).sum(), [y, w])",
    "grad_outputs": "result = lib.autograd.grad([w * w, w * 3], w, [c, c])",
    "unused": "lib.autograd.grad(w.sum(), v)",
    "allowed unused": "result = lib.autograd.grad(w.sum(), [w, v], allow_unused=True)",
    "materialized": "result = lib.autograd.grad(w.sum(), [w, v], materialize_grads=True)",
    "without requires_grad": "lib.autograd.grad(w.sum(), c)",
    "of what has no history": "lib.autograd.grad(c.sum(), w)",
    "given up": "y = (w * w).sum(); lib.autograd.grad(y, w); lib.autograd.grad(y, w)",
    "second order": """
        (g,) = lib.autograd.grad((w**3).sum(), w, create_graph=True)
        result = [g, g.requires_grad, *lib.autograd.grad(g.sum(), w)]""",
    "third order": """
        (g,) = lib.autograd.grad((w**4).sum(), w, create_graph=True)
        (h,) = lib.autograd.grad(g.sum(), w, create_graph=True)
        result = lib.autograd.grad(h.sum(), w)""",
    "a gradient penalty": """
        y = ((w * v).tanh() ** 2).sum()
        (g,) = lib.autograd.grad(y, w, create_graph=True)
        (y + (g * g).sum()).backward()
        result = [w.grad, v.grad]""",
    "backward with create_graph": "(w**3).sum().backward(create_graph=True); result = [w.grad, w.grad.requires_grad]",
    "create_graph keeps the graph": """
        y = (w**3).sum()
        y.backward(create_graph=True)
        y.backward()
        result = [w.grad, w.grad.requires_grad]""",
    "a linear gradient has no history": """
        (g,) = lib.autograd.grad((w * c).sum(), w, create_graph=True)
        result = [g, g.requires_grad]""",
}

LEAVES = {
    "what is a leaf": "y = w * 2; result = [w.is_leaf, c.is_leaf, (c * 2).is_leaf, y.is_leaf, y.detach().is_leaf]",
    "grad_fn": "result = [w.grad_fn, c.grad_fn, (c * 2).grad_fn, (w * 2).grad_fn is None]",
    "requires_grad spreads": "result = [(w * c).requires_grad, (c * 2).requires_grad, (w > 1).requires_grad]",
    "setting requires_grad": "c.requires_grad = True; (c * w).sum().backward(); result = c.grad",
    "requires_grad_ returns self": "result = c.requires_grad_() is c",
    "frozen": "w.requires_grad_(False); (w * v).sum().backward(); result = [w.grad, v.grad]",
    "thawed": "w.requires_grad_(False); y = w * v; w.requires_grad_(); y.sum().backward(); result = [w.grad, v.grad]",
    "what was recorded before": "y = c * 2; c.requires_grad_(); (y * w).sum().backward(); result = [c.grad, w.grad]",
    "a result stops requiring": "y = w * 2; y.requires_grad = False",
    "a result goes on requiring": "y = w * 2; y.requires_grad_(); result = y.is_leaf",
    "whole numbers": "lib.tensor([1, 2]).requires_grad_()",
    "whole numbers at birth": "lib.tensor([1, 2], requires_grad=True)",
    "not a bool": "c.requires_grad_('yes')",
    "a computed leaf": """
        with lib.no_grad():
            y = w * 2
        y.requires_grad_()
        (y * v).sum().backward()
        result = [y.is_leaf, y.grad, w.grad, v.grad]""",
    "detach": "y = (w * 2).detach(); result = [y, y.requires_grad, y.is_leaf]",
    "detach_": "y = w * 2; y.detach_(); result = [y, y.requires_grad, y.is_leaf]; (y * v).sum().backward()",
    "detach_ of a view": "y = w.expand(3, 2); y.detach_()",
    "clone": "y = w.clone(); (y * y).sum().backward(); result = [y, y.is_leaf, w.grad]",
    "clone is another": "y = c.clone(); y += 1; result = [y, c]",
    "grad of another shape": "w.grad = new([1.0])",
    "grad of another type": "w.grad = lib.tensor([1.0, 2.0])",
    "grad that is a number": "w.grad = 1.0",
    "its own grad": "w.grad = w",
    "grad assigned": "w.grad = new([10.0, 20.0]); g = w.grad; w.sum().backward(); result = [w.grad, g is w.grad]",
    "data": "result = [w.data, w.data.requires_grad, w.data.is_leaf]",
    "data replaced": "w.data = new([5.0, 6.0]); (w * w).sum().backward(); result = [w, w.requires_grad, w.grad]",
    "data of another shape": "w.data = new([[5.0]]); result = [w, w.shape == (1, 1)]",
    "data that is a number": "w.data = 1.0",
    "writing to data": "w.data.add_(1); w.data *= 2; result = [w, w.requires_grad, w.is_leaf]",
    "writing to a detached leaf": "w.detach().zero_(); result = [w, w.requires_grad]",
    "deepcopy": """
        import copy
        w.sum().backward()
        u = copy.deepcopy(w)
        result = [u, u.grad, u.is_leaf, u.grad is w.grad]""",
    "pickle": """
        import pickle
        u, d = pickle.loads(pickle.dumps([w, c]))
        (u * u).sum().backward()
        result = [u, u.grad, u.is_leaf, d, d.requires_grad]""",
    "deepcopy of a result": "import copy; copy.deepcopy(w * 2)",
    "the same type is the same tensor": "result = [w.double() is w, c.to(c) is c]",
    "a truth value": "bool(w > 0)",
    "on the processor": "result = [w.is_cuda, w.cpu() is w, w.to('cpu') is w, w.to(lib.float64) is w, w.device.type]",
    "to cuda": "w.to('cuda')",
    "cuda": "w.cuda()",
    "to the type of another": "result = w.to(lib.tensor([1.0])).dtype == lib.float32",
    "gradient through to": "w.to(lib.float32).sum().backward(); result = w.grad",
    "no gradient through whole numbers": """
        (w.to(lib.int64).to(lib.float64) * v).sum().backward()
        result = [w.grad, v.grad]""",
}

MODES = {
    "no_grad": "\nwith lib.no_grad():\n    y = w * 2\nresult = [y, y.requires_grad, lib.is_grad_enabled()]",
    "nested": """
        with lib.no_grad():
            with lib.enable_grad():
                y = w * 2
            z = w * 2
        result = [y.requires_grad, z.requires_grad]""",
    "a decorator": """
        @lib.no_grad()
        def f(x):
            return x * 2
        result = [f(w).requires_grad, lib.is_grad_enabled()]""",
    "a bare decorator": "\n@lib.no_grad\ndef f(x):\n    return x * 2\nresult = f(w).requires_grad",
    "enable_grad decorates": """
        @lib.enable_grad()
        def f(x):
            return x * 2
        with lib.no_grad():
            result = f(w).requires_grad""",
    "a generator": """
        @lib.no_grad()
        def f():
            while (yield lib.is_grad_enabled()):
                pass
        g = f()
        result = [next(g), lib.is_grad_enabled(), g.send(True), lib.is_grad_enabled()]""",
    "set_grad_enabled": """
        with lib.set_grad_enabled(False):
            y = w * 2
        result = [y.requires_grad, lib.is_grad_enabled()]""",
    "set_grad_enabled as a call": """
        lib.set_grad_enabled(False)
        y = w * 2
        lib.set_grad_enabled(True)
        result = [y.requires_grad, (w * 2).requires_grad]""",
    "set_grad_enabled decorates": """
        @lib.set_grad_enabled(False)
        def f(x):
            return x * 2
        result = [f(w).requires_grad, lib.is_grad_enabled()]""",
    "an error restores the mode": """
        try:
            with lib.no_grad():
                raise KeyError
        except KeyError:
            result = lib.is_grad_enabled()""",
    "a leaf made inside": "\nwith lib.no_grad():\n    x = new([1.0], True)\nx.sum().backward()\nresult = x.grad",
}

HOOKS = {
    "sees the gradient": "seen = []; w.register_hook(seen.append); (w * w).sum().backward(); result = [seen, w.grad]",
    "replaces it": "w.register_hook(lambda g: g * 10); (w * w).sum().backward(); result = w.grad",
    "in order": """
        w.register_hook(lambda g: g + 1)
        w.register_hook(lambda g: g * 10)
        (w * w).sum().backward()
        result = w.grad""",
    "removed": "h = w.register_hook(lambda g: g * 10); h.remove(); h.remove(); w.sum().backward(); result = w.grad",
    "as a context manager": """
        with w.register_hook(lambda g: g * 10):
            w.sum().backward()
        w.sum().backward()
        result = w.grad""",
    "on a result": "y = w * 2; y.register_hook(lambda g: g * 10); (y * y).sum().backward(); result = w.grad",
    "on a result that nobody holds": """
        y = w * 2
        y.register_hook(lambda g: g * 10)
        z = (y * y).sum()
        del y
        z.backward()
        result = w.grad""",
    "sees the sum of all paths": """
        seen = []
        y = w * 2
        y.register_hook(seen.append)
        (y * y + y * 3).sum().backward()
        result = [seen, w.grad]""",
    "runs in grad": "w.register_hook(lambda g: g * 10); result = lib.autograd.grad((w * w).sum(), w)",
    "only of what is passed": "seen = []; v.register_hook(seen.append); w.sum().backward(); result = seen",
    "of another shape": "w.register_hook(lambda g: g.sum()); w.sum().backward()",
    "of another kind": "w.register_hook(lambda g: 3); w.sum().backward()",
    "where there is no gradient": "c.register_hook(print)",
    "after an update": """
        w.register_hook(lambda g: g * 10)
        with lib.no_grad():
            w += 1
        (w * w).sum().backward()
        result = w.grad""",
    "reads a value": """
        seen = []
        w.register_hook(lambda g: seen.append(g.sum().item()))
        w.sum().backward()
        result = seen""",
    "second order": """
        w.register_hook(lambda g: g * 2)
        (g,) = lib.autograd.grad((w**3).sum(), w, create_graph=True)
        result = [g, *lib.autograd.grad(g.sum(), w)]""",
    "accumulated": """
        seen = []
        w.register_post_accumulate_grad_hook(lambda p: seen.append(p.grad.clone()))
        w.sum().backward()
        (w * w).sum().backward()
        result = seen""",
    "accumulated and cleared": """
        def step(p):
            with lib.no_grad():
                p -= 0.1 * p.grad
            p.grad = None
        w.register_post_accumulate_grad_hook(step)
        (w * w).sum().backward()
        result = [w, w.grad]""",
    "accumulated on a result": "(w * 2).register_post_accumulate_grad_hook(print)",
    "retain_grad": "y = w * 2; y.retain_grad(); (y * y).sum().backward(); result = [y.grad, y.retains_grad, w.grad]",
    "retained twice": """
        y = w * 2
        y.retain_grad()
        z = (y * y).sum()
        z.backward(retain_graph=True)
        z.backward()
        result = y.grad""",
    "retained after hooks": """
        y = w * 2
        y.retain_grad()
        y.register_hook(lambda g: g * 10)
        y.sum().backward()
        result = [y.grad, w.grad]""",
    "retain_grad of a leaf": "w.retain_grad(); w.sum().backward(); result = [w.grad, w.retains_grad]",
    "retain_grad of a constant": "c.retain_grad()",
}
