"""`python -m gilscope`."""

from gilscope.commands import main

if __name__ == "__main__":
    main()
