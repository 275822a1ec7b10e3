"""What learners write is judged as a person would judge it: right, incomplete or wrong, in both languages."""

from __future__ import annotations

import re
from collections import Counter

import pytest

from sklon.lab import all_questions
from sklon.lab.notes.judging import judge

QUESTIONS = {q.number: q for q in all_questions()}

#: the answers to each question, by the verdict that they must get
ANSWERS: dict[str, dict[str, list[str]]] = {
    "Q1": {
        "right": [
            "The slope of the tangent line.",
            "Предел отношения приращений.",
            "How fast the value changes: the rate of change of the function's value at a point.",
            "Скорость роста. Если производная существует, то функция непрерывна.",
            "Скорость изменения функции. Если функция дифференцируема, она непрерывна.",
            "The rate of change. A function that is continuous needn't have a derivative.",
        ],
        "incomplete": ["It is written f'.", "Это новая функция, которую получают из старой."],
        "wrong": [
            "The value of the function at a point.",
            "Площадь под кривой.",
            "Если функция непрерывна, то производная существует; это скорость её изменения.",
            "Every continuous function has a derivative, which is its rate of change.",
        ],
    },
    "Q2": {
        "right": [
            "The derivative by one variable, with the rest held fixed.",
            "Производная по одному аргументу, прочие считаются постоянными.",
            "One variable changes and all other variables are kept constant at once.",
            "How fast the function changes when one input changes and the others don't vary.",
        ],
        "incomplete": ["The derivative by one variable.", "Производная по одной из переменных."],
        "wrong": [
            "The rate of change when all variables vary together.",
            "Производная по всем переменным сразу.",
            "Если все частные производные существуют, то функция дифференцируема.",
        ],
    },
    "Q3": {
        "right": [
            "The vector of partial derivatives. It points in the direction of maximum increase.",
            "Вектор частных производных: направление наискорейшего роста, а для минимума шагают в обратную сторону.",
            "The partial derivatives in one vector; it points toward the steepest ascent, used in gradient descent.",
            "Вектор из частных производных, который используют в спуске: он показывает направление роста.",
            "A vector of partial derivatives; it points the way of maximum growth rate.",
        ],
        "incomplete": [
            "It points toward the steepest ascent, used in gradient descent.",
            "Набор всех частных производных.",
        ],
        "wrong": [
            "The vector of partial derivatives; it points to the minimum.",
            "Вектор частных производных, указывает направление убывания.",
            "A vector of partials that points in the direction of steepest descent.",
            "Вектор, который смотрит на вершину.",
        ],
    },
    "Q4": {
        "right": [
            "The dot product of the gradient with the unit vector u.",
            "Скалярное произведение градиента и единичного вектора.",
            "The rate of change along a line: the gradient times the cosine of the angle.",
            "Проекция градиента на направление.",
        ],
        "incomplete": ["How fast the function changes along a direction.", "Скорость роста вдоль вектора."],
        "wrong": [
            "The directional derivative is always positive, the rate along a direction.",
            "Производная по направлению — это вектор.",
            "If derivatives along all directions exist, hence the function is differentiable.",
        ],
    },
    "Q5": {
        "right": [
            "(2x1+x2, x1)",
            "(2x1 + x2, x1)",
            "∂f/∂x1 = 2x1 + x2, ∂f/∂x2 = x1",
            "(2x1+x2, x1); in the minimum it would be zero.",
            "Градиент равен (2x₁ + x₂, x₁).",
            "The first is 2x1 + x2; the second is x1, so the gradient is (2x1 + x2, x1).",
        ],
        "incomplete": ["2x1 + x2", "The first component is 2x1 + x2."],
        "wrong": [
            "(2x1, x1)",
            "(2x1+x2, x2)",
            "Градиент: (2x1 + x2, x2)",
            "2x1+x2+x1",
            "(2x1+x2, x1), значит, минимум в нуле.",
            "The gradient is 3x1 + x2.",
        ],
    },
    "Q5b": {
        "right": [
            "There's no derivative at a jump, nor at a kink like ReLU's, where autograd gives 0.",
            "В точке разрыва производной нет, в изломе |x| её тоже нет; autograd возвращает 0 для relu, ошибки нет.",
        ],
        "incomplete": ["A jump has no derivative.", "Если функция разрывна, производная не существует."],
        "wrong": [
            "A continuous function always has a derivative.",
            "Всякая непрерывная функция имеет производную.",
            "PyTorch выдаёт ошибку в изломе relu.",
            "Autograd crashes at the kink of ReLU.",
        ],
    },
    "Q6": {
        "right": [
            "The gradient points uphill, but we look for a minimum, so we step in the opposite direction.",
            "Градиент показывает направление роста, нам нужен минимум, поэтому берём минус градиент.",
            "It is the direction of the fastest increase, and the loss must decrease.",
            "Минус градиент — направление роста наоборот: нам надо прийти в минимум.",
            "The negative gradient points away from the steepest ascent, and we want the minimum.",
        ],
        "incomplete": ["It is the steepest way up.", "Таково правило обновления."],
        "wrong": [
            "The negative gradient points to the minimum.",
            "Антиградиент всегда направлен прямо в минимум.",
            "Градиент указывает, куда функция убывает.",
            "The gradient points downhill.",
        ],
    },
    "Q7": {
        "right": [
            "The learning rate, momentum and how well the features are scaled.",
            "Шаг, обусловленность задачи и оптимизатор.",
            "A higher learning rate is faster up to a limit; conditioning; momentum.",
        ],
        "incomplete": ["The learning rate.", "Шаг и начальная точка."],
        "wrong": [
            "Чем больше learning rate, тем быстрее.",
            "A larger step size is faster. Also momentum and conditioning.",
            "При маленьком шаге спуск расходится.",
        ],
    },
    "Q8": {
        "right": [
            "A few samples from which one update is computed.",
            "Часть выборки, по которой делают один шаг.",
            "The whole dataset is divided into batches; one batch is used per update.",
            "Кусок всего датасета для одной итерации.",
            "A group of rows drawn from the whole dataset for one step.",
        ],
        "incomplete": ["Some samples.", "Несколько объектов."],
        "wrong": [
            "One pass over the whole dataset.",
            "Это весь датасет, который сеть видит за эпоху.",
            "The entire training set.",
            "Вся выборка, по которой идёт обучение за один шаг.",
        ],
    },
    "Q9": {
        "right": [
            "Memory and gradient noise.",
            "На память и шум градиента.",
            "Bigger batches use more memory and have less noise; they don't overfit by themselves.",
            "На точность градиента, память и скорость эпохи.",
        ],
        "incomplete": ["The memory.", "На скорость эпохи."],
        "wrong": [
            "Noise and memory; a large batch overfits.",
            "Чем больше батч, тем сильнее переобучение.",
            "Larger batches need less memory.",
        ],
    },
    "Q10": {
        "right": [
            "Full batch: exact gradient, one step a pass. SGD: noisy. Mini-batch: a compromise.",
            "Полный градиент точен, но дорог. По одному примеру — шумно. Мини-батч — компромисс.",
        ],
        "incomplete": ["SGD is noisy.", "Мини-батч — золотая середина."],
        "wrong": [
            "Full batch gradient descent always finds the global minimum. SGD is noisy. Mini-batch is between.",
            "Полному батчу нужно много памяти. SGD шумный. Мини-батч — компромисс.",
            "Batch GD гарантированно сходится в глобальный минимум.",
        ],
    },
    "Q11": {
        "right": [
            "It measures how wrong the predictions are; training minimizes it.",
            "Штраф за ошибки, который минимизируют.",
            "A function that quantifies the difference between predicted and actual values; it is minimised.",
        ],
        "incomplete": ["A measure of the error.", "То, что минимизируют."],
        "wrong": [
            "The difference between the prediction and the target, which is minimized.",
            "Разность ответа и предсказания.",
            "The accuracy of the model, which we maximise.",
            "Доля верных ответов.",
        ],
    },
    "Q12": {
        "right": [
            "BCEWithLogitsLoss, CrossEntropyLoss, MSELoss",
            "Бинарная кросс-энтропия, категориальная кросс-энтропия, для регрессии MSE.",
            "Для классов кросс-энтропия (бинарная или категориальная), для регрессии — модуль ошибки.",
            "Binary: BCE; several classes: softmax with CE; regression: Huber.",
        ],
        "incomplete": ["CrossEntropyLoss, MSELoss", "Для регрессии MSE."],
        "wrong": [
            "Regression: cross-entropy.",
            "Для классификации берут MSE.",
            "BCE, softmax and then CrossEntropyLoss, MSELoss",
        ],
    },
    "Q13": {
        "right": [
            "The chain rule from the loss back to the inputs gives the gradients. Backprop doesn't change the weights.",
            "От выхода ко входу по правилу цепочки находят градиенты по всем весам.",
            "Backward from the output, by the chain rule, the gradient of each weight; the optimizer then steps.",
        ],
        "incomplete": ["Backprop doesn't change the weights.", "Считает градиенты."],
        "wrong": [
            "Backpropagation adjusts the weights.",
            "Алгоритм меняет веса сети от последнего слоя к первому.",
            "Градиент говорит, насколько нужно изменить вес.",
        ],
    },
    "Q14": {
        "right": [
            "Leaves get the gradient of the loss, added to what was there.",
            "Градиент по листьям; он накапливается.",
            "Градиенты листьев накапливаются, поэтому их нужно обнулять после каждого backward() и шага.",
            "The gradients of leaf tensors add up. The optimizer then computes new weights from them.",
        ],
        "incomplete": ["The gradient of the loss.", "Производные по параметрам."],
        "wrong": [
            "The value of the loss.",
            "Новые веса.",
            "Градиенты, которые обнуляются после каждого backward().",
            "The gradients, which are cleared before each backward().",
            "Значение функции потерь.",
            "The updated weights.",
            "Градиент, который каждый backward() перезаписывает.",
        ],
    },
    "Q15": {
        "right": [
            "ReLU: cheap, but units can die. Sigmoid from 0 to 1 and tanh from −1 to 1: both saturate.",
            "Сигмоида (0, 1) и tanh (−1, 1) насыщаются, у ReLU бывают мёртвые нейроны.",
        ],
        "incomplete": ["ReLU, sigmoid, tanh.", "Сигмоида насыщается, tanh тоже."],
        "wrong": [
            "Сигмоида: от −1 до 1, насыщается. Tanh: насыщается. ReLU: мёртвые нейроны.",
            "Tanh: from 0 to 1. The sigmoid saturates. ReLU: dead units.",
            "ReLU dies at a negative input. Sigmoid, tanh: saturate.",
        ],
    },
    "Q16": {
        "right": [
            "SGD: the same rate for all. Adam: a rate per parameter from running means of the gradient and its square.",
            "SGD шагает с одним lr, Adam — с адаптивным, по моментам градиента.",
            "У SGD тот же шаг для всех весов, у Adam свой для каждого веса, плюс моменты.",
        ],
        "incomplete": ["Adam uses momentum.", "Adam адаптивный."],
        "wrong": [
            "Adam is always better.",
            "Adam не нужен learning rate.",
            "Adam uses the Hessian.",
        ],
    },
    "Q17": {
        "right": [
            "The layer's outputs: minus the batch mean, divided by the batch's standard deviation.",
            "Активации: вычитается среднее по батчу, затем делят на отклонение.",
            "Each feature is normalised over the samples of the batch, with its mean and variance.",
        ],
        "incomplete": ["The activations.", "Каждый признак."],
        "wrong": [
            "Normalises every sample over its features.",
            "Каждый пример по своим признакам.",
            "Нормализуются веса.",
        ],
    },
    "Q18": {
        "right": [
            "The loss is smoother, so a larger lr works.",
            "Ландшафт глаже, можно взять больший шаг.",
            "Gradients don't depend on the scale of the weights, training is more stable.",
        ],
        "incomplete": ["They are divided by σ.", "Градиент не зависит от масштаба весов."],
        "wrong": [
            "It prevents exploding gradients and makes training stable.",
            "Она не влияет на градиенты.",
            "Среднее и дисперсия — константы, поэтому градиент стабильнее.",
        ],
    },
    "Q19": {
        "right": [
            "Neurons cannot rely on each other.",
            "Получается ансамбль подсетей.",
            "Units are switched off at random, which is noise that regularizes.",
        ],
        "incomplete": ["Some units are switched off.", "Часть нейронов случайно зануляется."],
        "wrong": [
            "The network has fewer parameters.",
            "Ненужные нейроны удаляются.",
            "Training becomes faster; units cannot rely on each other.",
        ],
    },
    "Q20": {
        "right": [
            "It is switched off.",
            "Ничего не происходит, слой пропускает всё.",
            "It's off. With inverted dropout the activations are multiplied by 1/(1-p) in training.",
            "Отключается, а в исходной статье выходы умножают на 1-p.",
        ],
        "incomplete": ["The scale is kept by 1-p.", "Масштаб выходов сохраняется."],
        "wrong": [
            "It's off; outputs are multiplied by 1−p with inverted dropout.",
            "При инвертированном dropout выходы умножаются на 1-p, слой отключается.",
            "It still drops units at random.",
            "Часть нейронов по-прежнему отключается.",
        ],
    },
    "Q21": {
        "right": ["The batch doesn't fit into memory.", "Не хватает видеопамяти для нужного батча."],
        "incomplete": ["To imitate a large batch.", "Когда нужен большой батч."],
        "wrong": ["It makes training faster.", "Когда модель не помещается в память."],
    },
    "Q22": {
        "right": ["It ends training before overfitting.", "Чтобы сеть не переобучилась."],
        "incomplete": ["It saves time.", "Чтобы сэкономить время."],
        "wrong": [
            "It prevents underfitting.",
            "Чтобы остановиться, когда test loss растёт, до переобучения.",
            "To stop when the training loss is zero.",
        ],
    },
    "Q23": {
        "right": [
            "Patience and max epochs.",
            "Нет улучшения N эпох подряд; предел числа эпох.",
            "Patience, or the validation loss is above the best by some percent.",
        ],
        "incomplete": ["Patience.", "Максимум эпох."],
        "wrong": [
            "The test loss rises.",
            "Терпение; и остановиться в минимуме.",
            "Patience and a threshold; the last weights are kept.",
        ],
    },
    "Q24": {
        "right": [
            "L1 adds the sum of |w|, L2 the sum of squares.",
            "L1 прибавляет сумму модулей, L2 — квадратов.",
            "Штраф: L1 обнуляет веса, L2 только уменьшает.",
            "A penalty: L1 gives zeros, L2 shrinks all weights but never makes them zero.",
        ],
        "incomplete": ["A penalty on the weights.", "L1 — сумма модулей, L2 — сумма квадратов."],
        "wrong": [
            "Штраф: L2 обнуляет веса.",
            "A penalty. L1: the sum of squares. L2: the sum of absolute values.",
            "Чем больше λ, тем лучше против переобучения.",
        ],
    },
}

#: wrong answers that have the words of a right one in another order
REORDERED = [
    ("Q5", "2x1 + x2 + x1"),
    ("Q5", "(2x1 + x2, x2)"),
    ("Q12", "Для регрессии берут кросс-энтропию, для классификации MSE."),
    ("Q12", "MSE for binary classification, CE for multiclass and MSE for regression."),
    ("Q15", "Сигмоида от −1 до 1, tanh от 0 до 1."),
    ("Q16", "SGD использует моменты, а Adam нет."),
    ("Q24", "Штраф: L2 обнуляет веса, L1 только уменьшает."),
    ("Q24", "L1 — сумма квадратов, L2 — сумма модулей."),
]

ROWS = [(q, kind, answer) for q, kinds in ANSWERS.items() for kind, answers in kinds.items() for answer in answers]


@pytest.mark.parametrize(("number", "kind", "answer"), ROWS)
def test_an_answer_gets_its_verdict(number: str, kind: str, answer: str) -> None:
    verdict = judge(QUESTIONS[number].rubric, answer)
    made, missing = [e.key for e, _ in verdict.errors], [p.key for p in verdict.missing]
    assert verdict.kind == kind, f"errors {made}, missing {missing}"


@pytest.mark.parametrize(("number", "answer"), REORDERED)
def test_a_right_answer_turned_round_is_wrong(number: str, answer: str) -> None:
    assert judge(QUESTIONS[number].rubric, answer).kind == "wrong"


def test_every_question_has_answers_of_each_kind_in_both_languages() -> None:
    assert set(ANSWERS) == set(QUESTIONS)
    assert all(set(kinds) == {"right", "incomplete", "wrong"} for kinds in ANSWERS.values())
    for number, kinds in ANSWERS.items():
        russian = Counter(bool(re.search("[а-яё]", a, re.I)) for answers in kinds.values() for a in answers)
        assert min(russian[True], russian[False]) >= 1, number
    assert len(ROWS) >= 80
