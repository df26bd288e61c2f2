"""What a study is made of and leaves behind: identities, features, matrices, tables, files."""
