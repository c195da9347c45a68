"""What makes the documentation: the reference's tables, the notebooks' outputs, the pictures.

python -m tests.tools.reference     refresh the tables of notebooks/reference
python -m tests.tools.notebooks     run the notebooks, keep their outputs
python -m tests.tools.pictures      retake every picture, with a real JupyterLab
"""
