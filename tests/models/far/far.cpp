// Loads compiled libraries and calls their functions for a process of another machine: requests on
// standard input, answers on standard output, as `far.py` writes and reads them. Everything that a
// call gives is kept under a number, for later calls.
#include <tvm/ffi/container/array.h>
#include <tvm/ffi/container/shape.h>
#include <tvm/ffi/container/tensor.h>
#include <tvm/ffi/extra/module.h>

#include <cstdio>
#include <cstdlib>
#include <string>
#include <vector>

namespace ffi = tvm::ffi;

static std::vector<ffi::Any> kept;

template <typename T>
static T read() {
  T value;
  if (fread(&value, sizeof(T), 1, stdin) != 1) exit(0);
  return value;
}

static void read_bytes(void* into, size_t size) {
  if (fread(into, 1, size, stdin) != size) exit(0);
}

static std::string read_text() {
  std::string text(read<uint32_t>(), '\0');
  read_bytes(text.data(), text.size());
  return text;
}

template <typename T>
static void write(T value) {
  fwrite(&value, sizeof(T), 1, stdout);
}

static void write_text(const std::string& text) {
  write<uint32_t>(text.size());
  fwrite(text.data(), 1, text.size(), stdout);
}

// What compiled code reads must lie on 64-byte boundaries.
struct Aligned {
  void AllocData(DLTensor* tensor) {
    tensor->data = aligned_alloc(64, (ffi::GetDataSize(*tensor) + 64) / 64 * 64);
  }
  void FreeData(DLTensor* tensor) { free(tensor->data); }
};

static std::vector<int64_t> read_sizes() {
  std::vector<int64_t> sizes(read<uint32_t>());
  read_bytes(sizes.data(), sizes.size() * sizeof(int64_t));
  return sizes;
}

static ffi::Any read_tensor() {
  DLDataType type{read<uint8_t>(), read<uint8_t>(), 1};
  std::vector<int64_t> sizes = read_sizes();
  auto tensor = ffi::Tensor::FromNDAlloc(Aligned(), ffi::Shape(sizes), type, {kDLCPU, 0});
  read_bytes(tensor.data_ptr(), ffi::GetDataSize(*tensor.GetDLTensorPtr()));
  return tensor;
}

static ffi::Any read_value() {
  switch (char kind = read<char>()) {
    case 'i': return read<int64_t>();
    case 's': return ffi::String(read_text());
    case 'S': return ffi::Shape(read_sizes());
    case 't': return read_tensor();
    case 'k': return kept.at(read<uint32_t>());
    case 'a': {
      ffi::Array<ffi::Any> values;
      for (uint32_t left = read<uint32_t>(); left > 0; --left) values.push_back(read_value());
      return values;
    }
    default: throw std::runtime_error(std::string("no kind of value: ") + kind);
  }
}

static void write_tensor(const DLTensor& tensor) {
  write<uint8_t>(tensor.dtype.code);
  write<uint8_t>(tensor.dtype.bits);
  write<uint32_t>(tensor.ndim);
  fwrite(tensor.shape, sizeof(int64_t), tensor.ndim, stdout);
  fwrite(static_cast<char*>(tensor.data) + tensor.byte_offset, 1, ffi::GetDataSize(tensor), stdout);
}

static void write_value(const ffi::Any& value) {
  write<uint32_t>(kept.size());
  kept.push_back(value);
  switch (value.type_index()) {
    case ffi::TypeIndex::kTVMFFITensor:
      write('t');
      return write_tensor(*value.cast<ffi::Tensor>().GetDLTensorPtr());
    case ffi::TypeIndex::kTVMFFIInt:
      write('i');
      return write(value.cast<int64_t>());
    case ffi::TypeIndex::kTVMFFISmallStr:
    case ffi::TypeIndex::kTVMFFIStr:
      write('s');
      return write_text(value.cast<std::string>());
    case ffi::TypeIndex::kTVMFFIArray: {
      auto values = value.cast<ffi::Array<ffi::Any>>();
      write('a');
      write<uint32_t>(values.size());
      for (const ffi::Any& each : values) write_value(each);
      return;
    }
    default:
      write('k');
  }
}

static ffi::Any call() {
  ffi::Function function = kept.at(read<uint32_t>()).cast<ffi::Function>();
  std::vector<ffi::Any> values;
  for (uint32_t left = read<uint32_t>(); left > 0; --left) values.push_back(read_value());
  std::vector<ffi::AnyView> views(values.begin(), values.end());
  ffi::Any result;
  function.CallPacked(ffi::PackedArgs(views.data(), views.size()), &result);
  return result;
}

static ffi::Any answer(char request) {
  switch (request) {
    case 'L': return ffi::Module::LoadFromFile(read_text());
    case 'G': return ffi::Function::GetGlobalRequired(read_text());
    case 'F': {
      ffi::Module module = kept.at(read<uint32_t>()).cast<ffi::Module>();
      return module->GetFunction(read_text()).value();
    }
    default: return call();
  }
}

int main() {
  while (true) {
    char request = read<char>();
    try {
      ffi::Any result = answer(request);
      write('+');
      write_value(result);
    } catch (const std::exception& error) {
      write('-');
      write_text(error.what());
    }
    fflush(stdout);
  }
}
