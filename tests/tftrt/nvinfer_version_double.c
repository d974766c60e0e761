/* A test double of TensorRT 8.6.1: it answers its version and nothing else, so that TF-TRT's pass can be run without it. */
int getInferLibVersion(void) { return 8601; }
int initLibNvInferPlugins(void *logger, const char *space) { return 1; }
