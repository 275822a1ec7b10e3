"""Plain ways to ask our questions are recognized, and what others ask is left alone: without sections, one by one."""

from __future__ import annotations

import pytest

from sklon.lab.notes.reading import read_notes
from sklon.lab.notes.recognising import recognise

ASKED: list[tuple[str | None, str]] = [
    ("Q1", "What is a derivative?"),
    ("Q1", "Define the derivative of a function."),
    ("Q1", "Что такое производная?"),
    ("Q1", "Дай определение производной"),
    ("Q2", "What is a partial derivative?"),
    ("Q2", "Частная производная - что это?"),
    ("Q3", "What is a gradient?"),
    ("Q3", "What is the gradient?"),
    ("Q3", "Что такое градиент?"),
    ("Q3", "Define gradient"),
    ("Q4", "What is a directional derivative?"),
    ("Q4", "Что такое производная по направлению?"),
    ("Q5", "Compute the gradient of f(x1,x2)=x1^2+x1*x2"),
    ("Q5b", "What is a continuous function?"),
    ("Q5b", "Чем непрерывная функция отличается от разрывной?"),
    ("Q6", "Why do we move in the opposite direction of the gradient?"),
    ("Q6", "Почему мы идем против градиента?"),
    ("Q7", "What affects the rate of convergence?"),
    ("Q7", "От чего зависит скорость сходимости?"),
    ("Q8", "What is a batch?"),
    ("Q8", "Что такое батч?"),
    ("Q8", "What is a mini-batch?"),
    ("Q9", "What does batch size affect?"),
    ("Q9", "На что влияет batch size?"),
    ("Q10", "Compare batch GD, mini-batch GD and SGD"),
    ("Q10", "Чем отличаются batch, mini-batch и SGD?"),
    ("Q11", "What is a loss function?"),
    ("Q11", "Что такое функция потерь?"),
    ("Q11", "What is a cost function?"),
    ("Q12", "Which loss functions are used for classification and regression?"),
    ("Q12", "Какие лоссы для классификации и регрессии?"),
    ("Q13", "Explain backpropagation"),
    ("Q13", "How does backprop work?"),
    ("Q13", "Как работает обратное распространение ошибки?"),
    ("Q14", "What is stored in .grad?"),
    ("Q14", "Что лежит в .grad после backward?"),
    ("Q15", "Name three activation functions with pros and cons"),
    ("Q15", "Какие функции активации знаешь?"),
    ("Q16", "SGD vs Adam: what is the difference?"),
    ("Q16", "Чем Adam отличается от SGD?"),
    ("Q16", "How does Adam work?"),
    ("Q17", "What does BatchNorm normalize?"),
    ("Q17", "Что такое батч нормализация?"),
    ("Q17", "What is batch normalization?"),
    ("Q18", "How does BatchNorm affect gradients?"),
    ("Q18", "Как батчнорм влияет на градиенты?"),
    ("Q19", "What is dropout?"),
    ("Q19", "Why does dropout prevent overfitting?"),
    ("Q19", "Зачем нужен dropout?"),
    ("Q20", "What does dropout do at test time?"),
    ("Q20", "Как работает dropout при инференсе?"),
    ("Q21", "When is gradient accumulation used?"),
    ("Q21", "Зачем нужно накопление градиентов?"),
    ("Q21", "What is gradient accumulation?"),
    ("Q22", "What is early stopping?"),
    ("Q22", "Why use early stopping?"),
    ("Q22", "Зачем ранняя остановка?"),
    ("Q23", "Name two stopping criteria"),
    ("Q23", "Какие критерии ранней остановки?"),
    ("Q24", "What are L1 and L2 regularization?"),
    ("Q24", "Что такое L1 и L2 регуляризация?"),
    ("Q24", "L1 vs L2?"),
    (None, "What is gradient clipping?"),
    (None, "What is the vanishing gradient problem?"),
    (None, "What is overfitting?"),
    (None, "What is a learning rate scheduler?"),
    (None, "What is a tensor?"),
    (None, "What is a function?"),
    (None, "What is attention?"),
    (None, "Что такое переобучение?"),
    (None, "Что такое нейронная сеть?"),
    (None, "What is the second derivative?"),
    (None, "What is a Hessian?"),
    (None, "What is layer normalization?"),
    (None, "Что такое градиентный бустинг?"),
    (None, "What is gradient boosting?"),
    (None, "Что такое функция?"),
    (None, "What is weight initialisation?"),
    (None, "Why is the sky blue?"),
    (None, "What is stochastic depth?"),
    (None, "What is a confusion matrix?"),
    (None, "What is a natural gradient?"),
    (None, "Что такое момент (momentum)?"),
    (None, "What is cross-validation?"),
    (None, "What does the model.eval() do?"),
    (None, "What is batch inference?"),
    (None, "Что такое integral?"),
]


def found(text: str) -> list[str | None]:
    """The numbers of the questions of notes."""
    return [r.question.number if r.question else None for r in recognise(read_notes(text).entries)]


@pytest.mark.parametrize(("number", "question"), ASKED)
def test_a_question_is_recognized(number: str | None, question: str) -> None:
    assert found(f"1. {question}\n   - x\n") == [number]


def test_a_question_that_is_asked_twice_is_found_twice() -> None:
    assert found("1. What is a batch?\n   - rows\n2. What is a mini-batch?\n3. What is a batch?\n") == ["Q8"] * 3


@pytest.mark.parametrize(("section", "number"), [("L1/L2", "Q24"), ("Dropout", "Q19"), ("Early stopping", "Q22")])
def test_a_question_without_words_is_its_sections(section: str, number: str) -> None:
    assert found(f"## {section}\n\n1. What is it?\n") == [number]
    assert found("## Kitchen\n\n1. What is it?\n") == [None]
